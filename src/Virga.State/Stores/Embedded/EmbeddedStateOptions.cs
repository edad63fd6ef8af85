using Virga.State.Logs;

namespace Virga.State.Stores.Embedded;

/// <summary>How the store of a machine alone behaves.</summary>
public sealed record EmbeddedStateOptions
{
    /// <summary>The folder of its files; made when there is none. Nobody else may use it at the same time.</summary>
    public required string Directory { get; init; }

    /// <summary>When writes are acknowledged.</summary>
    public Durability Durability { get; init; } = Durability.Interval;

    /// <summary>With <see cref="Durability.Interval"/>: the longest that a write waits for the disk.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Bytes of values that may be in memory, roughly; beyond, those that were used least lately are on disk only.</summary>
    public long MemoryBudget { get; init; } = 256 << 20;

    /// <summary>Length of the log at which what it holds goes into the database and it begins anew.</summary>
    public long MaxLogBytes { get; init; } = 64 << 20;

    /// <summary>Bytes that may wait in memory for the disk; beyond, writes are refused.</summary>
    public long MaxBufferedBytes { get; init; } = 64 << 20;

    /// <summary>After how long a short log goes into the database too, so that a restart has little to read.</summary>
    public TimeSpan CheckpointPeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long it is remembered that a key was deleted. Updates that were made before the deletion and arrive later than that bring the key back.</summary>
    public TimeSpan TombstoneRetention { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many of the latest changes the feed knows.</summary>
    public int KeptChanges { get; init; } = 1 << 16;
}
