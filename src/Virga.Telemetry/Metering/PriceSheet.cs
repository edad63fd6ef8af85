namespace Virga.Telemetry.Metering;

/// <summary>What usage costs. A gigabyte has 1,073,741,824 bytes. All arithmetic is decimal.</summary>
public sealed record PriceSheet
{
    private const decimal Gigabyte = 1L << 30;
    private const decimal SecondsPerHour = 3600;

    /// <summary>The currency's code of three letters.</summary>
    public required string Currency { get; init; }

    /// <summary>For a million calls that were not rejected.</summary>
    public decimal PerMillionCalls { get; init; }

    /// <summary>For a second of the calls' billed duration.</summary>
    public decimal PerSecond { get; init; }

    /// <summary>For a second of CPU time.</summary>
    public decimal PerCpuSecond { get; init; }

    /// <summary>For a gigabyte of resident memory of warm instances during a second.</summary>
    public decimal PerGbSecond { get; init; }

    /// <summary>For a gigabyte of resident memory of frozen instances during a second.</summary>
    public decimal PerFrozenGbSecond { get; init; }

    /// <summary>For a gigabyte of snapshots on disk during an hour.</summary>
    public decimal PerSnapshotGbHour { get; init; }

    /// <summary>For a gigabyte of bodies to functions.</summary>
    public decimal PerGbIn { get; init; }

    /// <summary>For a gigabyte of bodies from functions.</summary>
    public decimal PerGbOut { get; init; }

    /// <summary>What a usage costs, not rounded.</summary>
    public decimal CostOf(UsageAmounts usage) =>
        (PerMillionCalls * (usage.Calls - usage.Rejected) / 1_000_000)
        + (PerSecond * usage.DurationMs / 1000)
        + (PerCpuSecond * usage.CpuMicroseconds / 1_000_000)
        + (PerGbSecond * usage.WarmByteSeconds / Gigabyte)
        + (PerFrozenGbSecond * usage.FrozenByteSeconds / Gigabyte)
        + (PerSnapshotGbHour * usage.SnapshotByteSeconds / Gigabyte / SecondsPerHour)
        + (PerGbIn * usage.BytesIn / Gigabyte)
        + (PerGbOut * usage.BytesOut / Gigabyte);
}
