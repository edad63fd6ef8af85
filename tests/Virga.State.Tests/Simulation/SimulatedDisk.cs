using Virga.State.Keys;
using Virga.State.Stores;

namespace Virga.State.Tests.Simulation;

/// <summary>What outlives the runs of a node.</summary>
internal sealed class SimulatedDisk(ReplicaId replica)
{
    public ReplicaId Replica { get; } = replica;

    /// <summary>The position of the first delta.</summary>
    public long First { get; set; }

    /// <summary>Deltas, each at one position, written; the last ones perhaps only into the operating system's memory.</summary>
    public List<StateDelta> Deltas { get; } = [];

    /// <summary>Before it everything survives a power cut.</summary>
    public long Durable { get; set; }

    public long End => First + Deltas.Count;
}
