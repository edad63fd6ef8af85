namespace Virga.Telemetry.Metering;

/// <summary>How much was used.</summary>
public sealed record UsageAmounts
{
    /// <summary>Calls that have ended.</summary>
    public long Calls => Ok + Errors + Rejected + Cancelled;

    /// <summary>Of them: the function answered, whatever the status.</summary>
    public long Ok { get; init; }

    /// <summary>Of them: the function failed, ran into a limit, or its instance did.</summary>
    public long Errors { get; init; }

    /// <summary>Of them: not run.</summary>
    public long Rejected { get; init; }

    /// <summary>Of them: the client went away.</summary>
    public long Cancelled { get; init; }

    /// <summary>Time in workers, in milliseconds: that of each call is rounded up to the next one.</summary>
    public long DurationMs { get; init; }

    /// <summary>CPU time, in microseconds.</summary>
    public long CpuMicroseconds { get; init; }

    /// <summary>Body bytes to functions.</summary>
    public long BytesIn { get; init; }

    /// <summary>Body bytes from functions.</summary>
    public long BytesOut { get; init; }

    /// <summary>Resident memory of warm instances times the time that it was resident.</summary>
    public decimal WarmByteSeconds { get; init; }

    /// <summary>The same of frozen instances.</summary>
    public decimal FrozenByteSeconds { get; init; }

    /// <summary>Size of snapshots on disk times the time that they were kept.</summary>
    public decimal SnapshotByteSeconds { get; init; }

    /// <summary>Both together.</summary>
    public static UsageAmounts operator +(UsageAmounts one, UsageAmounts other) => new()
    {
        Ok = one.Ok + other.Ok,
        Errors = one.Errors + other.Errors,
        Rejected = one.Rejected + other.Rejected,
        Cancelled = one.Cancelled + other.Cancelled,
        DurationMs = one.DurationMs + other.DurationMs,
        CpuMicroseconds = one.CpuMicroseconds + other.CpuMicroseconds,
        BytesIn = one.BytesIn + other.BytesIn,
        BytesOut = one.BytesOut + other.BytesOut,
        WarmByteSeconds = one.WarmByteSeconds + other.WarmByteSeconds,
        FrozenByteSeconds = one.FrozenByteSeconds + other.FrozenByteSeconds,
        SnapshotByteSeconds = one.SnapshotByteSeconds + other.SnapshotByteSeconds,
    };
}
