namespace Virga.Telemetry.Metering;

/// <summary>What a <see cref="MeterEntry"/> is about. The values stand in files.</summary>
internal enum MeterEntryKind : byte
{
    /// <summary>A call has ended.</summary>
    Call = 0,

    /// <summary>An instance was warm for a while.</summary>
    Warm = 1,

    /// <summary>An instance was frozen for a while.</summary>
    Frozen = 2,

    /// <summary>A snapshot was kept for a while.</summary>
    Snapshot = 3,
}
