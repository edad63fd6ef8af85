namespace Virga.Topics.Ledgers.Segments;

/// <summary>Where the segment files are, and how they are kept.</summary>
public sealed record SegmentLedgerOptions
{
    /// <summary>The folder, of this store alone; made when it is not there.</summary>
    public required string Directory { get; init; }

    /// <summary>When an entry counts as confirmed.</summary>
    public LedgerDurability Durability { get; init; } = LedgerDurability.Always;

    /// <summary>With <see cref="LedgerDurability.Interval"/>: how long what was written waits for the disk.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The size of the first segment; later ones are as large as all before them together, up to <see cref="MaxSegmentBytes"/>, so that a node that is hardly used takes little room.</summary>
    public int MinSegmentBytes { get; init; } = 16 << 20;

    /// <summary>The size of segments, at most. What was written to the last one is scanned when the store opens.</summary>
    public int MaxSegmentBytes { get; init; } = 256 << 20;

    /// <summary>Whether the next segment is written with zeros ahead; tests that count on where a segment ends do without.</summary>
    internal bool ZeroesAhead { get; init; } = true;

    /// <summary>How fast the live part of mostly dead segments is copied, so that it leaves the disk to those who wait for it.</summary>
    public int CompactionBytesPerSecond { get; init; } = 32 << 20;

    /// <summary>Memory for the places of entries in sealed segments that were looked up last.</summary>
    public int IndexCacheBytes { get; init; } = 16 << 20;
}
