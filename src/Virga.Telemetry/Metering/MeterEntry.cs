using System.Runtime.InteropServices;
using Virga.Core.Invocations;
using Virga.Core.Resources;

namespace Virga.Telemetry.Metering;

/// <summary>One thing to be added to what a function version used in an hour; the function's name stands beside it. Its layout is that of the journal.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MeterEntry
{
    /// <summary>The hour (UTC) that it counts in, in hours since 1970.</summary>
    public int Hour;

    /// <summary>The function's version.</summary>
    public int Version;

    /// <summary>What it is about.</summary>
    public MeterEntryKind Kind;

    /// <summary>Of a call: how it counts.</summary>
    public CallResult Result;

    /// <summary>Of a call: its duration in milliseconds, rounded up. Else: byte-seconds.</summary>
    public long Amount;

    /// <summary>Of a call: CPU time, in microseconds.</summary>
    public long CpuMicroseconds;

    /// <summary>Of a call: body bytes to the function.</summary>
    public long BytesIn;

    /// <summary>Of a call: body bytes from the function.</summary>
    public long BytesOut;

    /// <summary>The hour that a time lies in.</summary>
    public static int HourOf(DateTimeOffset time) => (int)(time.ToUnixTimeSeconds() / 3600);

    /// <summary>The first hour that begins at a time or after it; the last one of the calendar where there is none.</summary>
    public static int HourEndingAt(DateTimeOffset time)
    {
        var hour = HourOf(time);
        return StartOf(hour) < time && hour < HourOf(DateTimeOffset.MaxValue) ? hour + 1 : hour;
    }

    /// <summary>When an hour begins.</summary>
    public static DateTimeOffset StartOf(int hour) => DateTimeOffset.FromUnixTimeSeconds(hour * 3600L);

    /// <summary>What a call that ended in the given hour adds.</summary>
    public static MeterEntry OfCall(in InvocationRecord record, int hour) => new()
    {
        Hour = hour,
        Version = record.Function.Version,
        Kind = MeterEntryKind.Call,
        Result = CallResults.Of(record.Outcome),
        Amount = BilledMilliseconds(record.Duration),
        CpuMicroseconds = Math.Max(0, record.CpuTime.Ticks) / TimeSpan.TicksPerMicrosecond,
        BytesIn = record.BytesIn,
        BytesOut = record.BytesOut,
    };

    /// <summary>What an instance adds that was in a tier up to now.</summary>
    public static MeterEntry OfResidency(FunctionVersion function, InstanceTier tier, TimeSpan time, long bytes, int hour) => new()
    {
        Hour = hour,
        Version = function.Version,
        Kind = tier switch
        {
            InstanceTier.Frozen => MeterEntryKind.Frozen,
            InstanceTier.Snapshot => MeterEntryKind.Snapshot,
            _ => MeterEntryKind.Warm,
        },
        Amount = (long)((Int128)Math.Max(0, time.Ticks) * Math.Max(0, bytes) / TimeSpan.TicksPerSecond),
    };

    // A call that was handed to a worker counts at least one millisecond; one that never ran has no duration.
    private static long BilledMilliseconds(TimeSpan duration) => (Math.Max(0, duration.Ticks) + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
}
