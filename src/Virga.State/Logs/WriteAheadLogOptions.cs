namespace Virga.State.Logs;

/// <summary>How a write-ahead log behaves.</summary>
public sealed record WriteAheadLogOptions
{
    /// <summary>The folder of its files; made when there is none.</summary>
    public required string Directory { get; init; }

    /// <summary>When writes are acknowledged.</summary>
    public Durability Durability { get; init; } = Durability.Interval;

    /// <summary>With <see cref="Durability.Interval"/>: the longest that a write waits for the disk. A power cut takes at most the writes of so long.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Bytes that may wait in memory for the disk; beyond, writes are refused with <c>state-overloaded</c>.</summary>
    public long MaxBufferedBytes { get; init; } = 64 << 20;
}
