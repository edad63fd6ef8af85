namespace Virga.Core.Resources;

/// <summary>Functions composed to a directed acyclic graph: each result goes straight to the functions that follow.</summary>
public sealed record DagSpec
{
    /// <summary>What a run, with all its functions together, may rely on when it reads shared state.</summary>
    public Consistency Consistency { get; init; }

    /// <summary>How long a run may take, its restarts included.</summary>
    public Duration Timeout { get; init; } = Duration.FromSeconds(60);

    /// <summary>How often a run starts again from its beginning when a node that it needs, or what its session has read, is lost.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Where steps run.</summary>
    public DagPlacement Placement { get; init; }

    /// <summary>The functions.</summary>
    public required IReadOnlyList<DagNode> Nodes { get; init; }

    /// <summary>Which result goes where.</summary>
    public IReadOnlyList<DagEdge> Edges { get; init; } = [];

    /// <summary>The node whose result is the run's; null for the only one that nothing follows, or, where there are several, an object of their results by name.</summary>
    public string? Output { get; init; }
}
