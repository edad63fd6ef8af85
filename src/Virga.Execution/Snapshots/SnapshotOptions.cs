namespace Virga.Execution.Snapshots;

/// <summary>The node's settings for snapshots.</summary>
internal sealed record SnapshotOptions
{
    /// <summary>The folder that holds the snapshots and nothing else; on the data folder's disk.</summary>
    public required string Directory { get; init; }

    /// <summary>How much disk all snapshots together may use; beyond it the least recently used go first.</summary>
    public long BudgetBytes { get; init; } = 4L << 30;
}
