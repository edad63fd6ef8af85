namespace Virga.Telemetry.Logs;

/// <summary>Bounds of the function logs. All sizes are in bytes.</summary>
public sealed record FunctionLogOptions
{
    /// <summary>The folder of all function logs.</summary>
    public required string Directory { get; init; }

    /// <summary>Size of one file of a function's log.</summary>
    public long SegmentBytes { get; init; } = 4 << 20;

    /// <summary>How much is kept of one function.</summary>
    public long FunctionBytes { get; init; } = 16 << 20;

    /// <summary>How much is kept of all functions; those that were written least recently go first.</summary>
    public long TotalBytes { get; init; } = 1L << 30;

    /// <summary>Of how many functions a log is kept.</summary>
    public int MaxFunctions { get; init; } = 10_000;

    /// <summary>How fast one function may log for long, per second.</summary>
    public int BytesPerSecond { get; init; } = 2 << 20;

    /// <summary>How much one function may log at once.</summary>
    public int BurstBytes { get; init; } = 8 << 20;

    /// <summary>How much may wait to be written.</summary>
    public int QueueBytes { get; init; } = 32 << 20;

    /// <summary>How many files are held open.</summary>
    public int OpenFiles { get; init; } = 64;
}
