namespace Virga.Telemetry.Metrics;

/// <summary>One series of a family: a number, or the buckets of a histogram. Any thread may add.</summary>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    private readonly long[] _buckets = new long[bounds is null ? 0 : bounds.Length + 1];
    private double _value;

    /// <summary>The labels as text.</summary>
    public string Labels { get; } = labels;

    /// <summary>The number, or the sum of all that went into the histogram.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>A histogram's counts, not cumulative.</summary>
    public long[] Buckets => Array.ConvertAll(_buckets, static count => Volatile.Read(ref count));

    /// <summary>Adds to the number.</summary>
    public void Add(double amount)
    {
        var seen = Volatile.Read(ref _value);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + amount, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>Replaces the number.</summary>
    public void Set(double value) => Volatile.Write(ref _value, value);

    /// <summary>Puts a value into the histogram.</summary>
    public void Observe(double value)
    {
        var index = Array.BinarySearch(bounds!, value);
        Interlocked.Increment(ref _buckets[index < 0 ? ~index : index]);
        Add(value);
    }
}
