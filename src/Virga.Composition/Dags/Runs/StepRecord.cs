using System.Runtime.InteropServices;
using Virga.Core.Names;

namespace Virga.Composition.Dags.Runs;

/// <summary>What is remembered of one step of a run; of the last attempt only.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct StepRecord
{
    /// <summary>How far it is.</summary>
    public StepStatus Status;

    /// <summary>Where it ran.</summary>
    public NodeName Node;

    /// <summary>How often its function was called.</summary>
    public int Tries;

    /// <summary>Whether an instance was made for its last call.</summary>
    public bool Cold;

    /// <summary>When it began, from the run's beginning; by the clock of the run's node.</summary>
    public TimeSpan Start;

    /// <summary>How long it took.</summary>
    public TimeSpan Duration;
}
