namespace Virga.Execution.Sandboxes;

/// <summary>The node's settings for sandboxes.</summary>
internal sealed record SandboxOptions
{
    /// <summary>Names the node among those on this machine; a file name that stays the same for the same data folder.</summary>
    public required string NodeId { get; init; }

    /// <summary>The folder that holds the scratch folders of all instances and nothing else.</summary>
    public required string ScratchRoot { get; init; }

    /// <summary>The first of the user ids that sandboxes run as; no account of the machine may have one of them.</summary>
    public uint FirstUserId { get; init; } = 210_000;

    /// <summary>How many sandboxes can run at a time.</summary>
    public int UserIds { get; init; } = 10_000;

    /// <summary>Where functions with the egress <c>internet</c> may connect to.</summary>
    public EgressRules Egress { get; init; } = new();

    /// <summary>The only way in which bubblewrap may be used; null for the best that works.</summary>
    public BubblewrapMode? Bubblewrap { get; init; }
}
