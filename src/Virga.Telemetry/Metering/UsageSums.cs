using System.Runtime.InteropServices;

namespace Virga.Telemetry.Metering;

/// <summary>What is to be added to an hour.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct UsageSums
{
    public long Ok;
    public long Errors;
    public long Rejected;
    public long Cancelled;
    public long DurationMs;
    public long CpuMicroseconds;
    public long BytesIn;
    public long BytesOut;
    public long WarmByteSeconds;
    public long FrozenByteSeconds;
    public long SnapshotByteSeconds;

    /// <summary>Adds one entry.</summary>
    public void Add(in MeterEntry entry)
    {
        switch (entry.Kind)
        {
            case MeterEntryKind.Warm:
                WarmByteSeconds += entry.Amount;
                return;
            case MeterEntryKind.Frozen:
                FrozenByteSeconds += entry.Amount;
                return;
            case MeterEntryKind.Snapshot:
                SnapshotByteSeconds += entry.Amount;
                return;
        }

        Ok += entry.Result == CallResult.Ok ? 1 : 0;
        Errors += entry.Result == CallResult.Error ? 1 : 0;
        Rejected += entry.Result == CallResult.Rejected ? 1 : 0;
        Cancelled += entry.Result == CallResult.Cancelled ? 1 : 0;
        DurationMs += entry.Amount;
        CpuMicroseconds += entry.CpuMicroseconds;
        BytesIn += entry.BytesIn;
        BytesOut += entry.BytesOut;
    }

    /// <summary>Adds other sums.</summary>
    public void Add(in UsageSums other)
    {
        Ok += other.Ok;
        Errors += other.Errors;
        Rejected += other.Rejected;
        Cancelled += other.Cancelled;
        DurationMs += other.DurationMs;
        CpuMicroseconds += other.CpuMicroseconds;
        BytesIn += other.BytesIn;
        BytesOut += other.BytesOut;
        WarmByteSeconds += other.WarmByteSeconds;
        FrozenByteSeconds += other.FrozenByteSeconds;
        SnapshotByteSeconds += other.SnapshotByteSeconds;
    }
}
