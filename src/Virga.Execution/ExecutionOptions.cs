using System.Net;
using Virga.Core.Resources;

namespace Virga.Execution;

/// <summary>How a node runs instances.</summary>
public sealed record ExecutionOptions
{
    /// <summary>Four fifths of the memory that the machine, or the node's own control group, has.</summary>
    public static ByteSize UsualMemoryBudget => new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 5 * 4);

    /// <summary>Names this node's cgroups; the same after a restart with the same data folder.</summary>
    public required string NodeId { get; init; }

    /// <summary>The node's name, a part of the ids by which its running functions are sent messages.</summary>
    public Core.Names.NodeName NodeName { get; init; } = Core.Names.NodeName.Single;

    /// <summary>Folder for what instances need while they live; emptied at start.</summary>
    public required string ScratchDirectory { get; init; }

    /// <summary>Folder of the snapshots, on the data folder's disk; null keeps none.</summary>
    public string? SnapshotDirectory { get; init; }

    /// <summary>Disk that all snapshots may use together; beyond it the least recently used go.</summary>
    public ByteSize SnapshotBudget { get; init; } = ByteSize.FromMegabytes(4096);

    /// <summary>The isolation of functions that name none; null means the strongest that works here.</summary>
    public Isolation? DefaultIsolation { get; init; }

    /// <summary>How strongly functions are to be kept apart at least.</summary>
    public IsolationMinimums IsolationMinimums { get; init; } = new();

    /// <summary>Whether functions with the egress <c>internet</c> may connect to private addresses (RFC 1918, RFC 6598).</summary>
    public bool EgressToPrivateNetworks { get; init; }

    /// <summary>The resolvers of functions with the egress <c>internet</c>; empty for those of the machine.</summary>
    public IReadOnlyList<IPAddress> Resolvers { get; init; } = [];

    /// <summary>How many instances may be starting at a time; more would only slow each other down.</summary>
    public int StartConcurrency { get; init; } = Math.Max(2, Environment.ProcessorCount * 2);

    /// <summary>How many calls of one function may wait for an instance.</summary>
    public int QueueLimit { get; init; } = 1000;

    /// <summary>How many calls may wait on the node for instances of all functions together.</summary>
    public int NodeQueueLimit { get; init; } = 10_000;

    /// <summary>Memory that all instances may have together; each counts with its limit, a frozen one with what it occupies.</summary>
    public ByteSize MemoryBudget { get; init; } = UsualMemoryBudget;

    /// <summary>How often the node looks at load, idle times and memory.</summary>
    public TimeSpan ScaleInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a worker may take to become ready, and again to load its function.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Processes and threads that one instance may have.</summary>
    public int MaxProcesses { get; init; } = 256;

    /// <summary>Size of an instance's private <c>/tmp</c>; what lies there counts as its memory, too.</summary>
    public ByteSize TemporarySpace { get; init; } = ByteSize.FromMegabytes(64);
}
