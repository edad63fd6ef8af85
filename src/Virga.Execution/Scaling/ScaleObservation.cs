using System.Runtime.InteropServices;

namespace Virga.Execution.Scaling;

/// <summary>What the <see cref="Autoscaler"/> decides by.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ScaleObservation
{
    /// <summary>Time since the function began on this node.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Calls at a time over the stable window, those included that wait.</summary>
    public required double StableAverage { get; init; }

    /// <summary>Calls at a time over the panic window.</summary>
    public required double PanicAverage { get; init; }

    /// <summary>Calls at the moment, those included that wait.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Time since there last was a call; zero while there is one.</summary>
    public required TimeSpan SinceLastCall { get; init; }

    /// <summary>Warm instances, busy or not.</summary>
    public required int Ready { get; init; }

    /// <summary>Instances on their way.</summary>
    public required int Starting { get; init; }

    /// <summary>How many calls one instance serves at a time.</summary>
    public required int CallsPerInstance { get; init; }

    /// <summary>The share of its places that an instance is meant to have taken: above 0, at most 1.</summary>
    public required double TargetUtilisation { get; init; }

    /// <summary>Instances the function has at least.</summary>
    public required int Min { get; init; }

    /// <summary>Instances the function has at most; at least 1. It also bounds <see cref="Min"/> and <see cref="Floor"/>.</summary>
    public required int Max { get; init; }

    /// <summary>Instances that provisioned windows ask for now.</summary>
    public required int Floor { get; init; }
}
