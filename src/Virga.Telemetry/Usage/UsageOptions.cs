namespace Virga.Telemetry.Usage;

/// <summary>Bounds of the usage records.</summary>
public sealed record UsageOptions
{
    /// <summary>The folder of the records.</summary>
    public required string Directory { get; init; }

    /// <summary>Size of one file, in bytes.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>How much is kept, in bytes; the oldest records go first.</summary>
    public long TotalBytes { get; init; } = 512 << 20;

    /// <summary>How long records are kept, if there is room.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How many records may wait to be written: a power of two.</summary>
    public int QueueLength { get; init; } = 8192;

    /// <summary>Of how many functions usage is counted in memory; those called least recently are forgotten first.</summary>
    public int MaxFunctions { get; init; } = 10_000;

    /// <summary>How many functions have metrics of their own; all others share those of <c>other</c>.</summary>
    public int MaxExportedFunctions { get; init; } = 500;

    /// <summary>After how long without a call a function's counts are forgotten.</summary>
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How many failures are kept in memory, so that they are found even when the disk is full.</summary>
    public int RecentFailures { get; init; } = 1000;

    /// <summary>How much of the files one query reads at most, in bytes, newest first.</summary>
    public long MaxScanBytes { get; init; } = 256 << 20;
}
