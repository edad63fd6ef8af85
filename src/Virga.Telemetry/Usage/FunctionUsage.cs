using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Telemetry.Usage;

/// <summary>What one function has used since <see cref="Since"/>: about a kilobyte per function that is called. Not thread-safe.</summary>
internal sealed class FunctionUsage(FunctionName name, DateTimeOffset since, bool isExported)
{
    /// <summary>Upper bounds, in seconds, of the duration buckets at <c>/metrics</c>.</summary>
    public static readonly double[] DurationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static readonly long[] DurationBoundTicks = Array.ConvertAll(DurationBounds, static seconds => TimeSpan.FromSeconds(seconds).Ticks);

    public FunctionName Name { get; } = name;

    /// <summary>When the counting began.</summary>
    public DateTimeOffset Since { get; } = since;

    /// <summary>Whether <c>/metrics</c> shows it by its name.</summary>
    public bool IsExported { get; } = isExported;

    /// <summary>When it was called last, as a timestamp.</summary>
    public long LastCalledAt { get; set; }

    /// <summary>Calls by <see cref="Outcome"/>.</summary>
    public long[] ByOutcome { get; } = new long[(int)Outcome.Cancelled + 1];

    /// <summary>How long callers waited: queue, start and run.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Calls by the bucket of <see cref="DurationBounds"/> that they fall in; one more for longer ones.</summary>
    public long[] DurationBuckets { get; } = new long[DurationBounds.Length + 1];

    public TimeSpan TotalDuration { get; private set; }

    public long ColdStarts { get; private set; }

    public TimeSpan CpuTime { get; private set; }

    public long BytesIn { get; private set; }

    public long BytesOut { get; private set; }

    /// <summary>How long the caller of an invocation waited for its end.</summary>
    public static TimeSpan LatencyOf(in InvocationRecord record) => record.Timing.Queue + record.Timing.Start + record.Duration;

    public void Add(in InvocationRecord record)
    {
        var latency = LatencyOf(record);
        ByOutcome[(int)record.Outcome]++;
        Latency.Add(latency);
        TotalDuration += latency;
        ColdStarts += record.Timing.Cold ? 1 : 0;
        CpuTime += record.CpuTime;
        BytesIn += record.BytesIn;
        BytesOut += record.BytesOut;

        var bucket = 0;
        while (bucket < DurationBoundTicks.Length && latency.Ticks > DurationBoundTicks[bucket])
        {
            bucket++;
        }

        DurationBuckets[bucket]++;
    }
}
