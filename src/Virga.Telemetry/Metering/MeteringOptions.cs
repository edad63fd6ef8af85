namespace Virga.Telemetry.Metering;

/// <summary>How usage is metered.</summary>
public sealed record MeteringOptions
{
    /// <summary>The folder of journal and hours.</summary>
    public required string Directory { get; init; }

    /// <summary>How many entries the journal holds: a power of two, 256 bytes each.</summary>
    public int JournalEntries { get; init; } = 8192;

    /// <summary>How long entries gather in the journal before they are added to their hours, unless somebody asks or it is half full.</summary>
    public TimeSpan FoldDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long hours are kept, if there is room.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(400);

    /// <summary>How large the hours may become on disk, in bytes; the oldest go first.</summary>
    public long MaxBytes { get; init; } = 1L << 30;

    /// <summary>How many sums are held in memory while the disk takes none.</summary>
    public int MaxPendingSums { get; init; } = 100_000;

    /// <summary>What usage costs; null where it costs nothing.</summary>
    public PriceSheet? Prices { get; init; }
}
