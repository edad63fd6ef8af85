using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Virga.Telemetry.Metrics;

/// <summary>All series of one instrument. Beyond <see cref="MaxSeries"/>, measurements with new labels go to one series whose label values are all <c>other</c>.</summary>
internal sealed class MetricFamily
{
    /// <summary>How many series a family may have.</summary>
    public const int MaxSeries = 1000;

    /// <summary>The value of every label of the series that takes what is over the bound.</summary>
    public const string Overflow = "other";

    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Plain = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly ConcurrentDictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MetricSeries>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly string _help;
    private readonly MetricKind _kind;
    private readonly bool _isAbsolute;
    private readonly bool _isObserved;
    private readonly double[]? _bounds;
    private int _count;

    public MetricFamily(Instrument instrument)
    {
        _bySpan = _series.GetAlternateLookup<ReadOnlySpan<char>>();
        (_kind, _isAbsolute) = KindOf(instrument);
        _isObserved = instrument.IsObservable;
        _bounds = _kind == MetricKind.Histogram ? BoundsOf(instrument) : null;
        Name = NameOf(instrument, _kind);
        _help = instrument.Description ?? instrument.Name;
    }

    /// <summary>The name at <c>/metrics</c>.</summary>
    public string Name { get; }

    /// <summary>Observable instruments are about to tell all that there is: what they do not tell is gone, a deleted trigger's backlog for instance.</summary>
    public void BeginObserving()
    {
        if (_isObserved)
        {
            _series.Clear();
            Volatile.Write(ref _count, 0);
        }
    }

    /// <summary>Takes a measurement.</summary>
    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = Find(tags);
        if (_kind == MetricKind.Histogram)
        {
            series.Observe(value);
        }
        else if (_isAbsolute)
        {
            series.Set(value);
        }
        else
        {
            series.Add(value);
        }
    }

    /// <summary>Writes all series.</summary>
    public void WriteTo(PrometheusWriter writer)
    {
        writer.Family(Name, _kind, _help);
        foreach (var series in _series.Values.OrderBy(static series => series.Labels, StringComparer.Ordinal))
        {
            if (_bounds is not null)
            {
                writer.Histogram(Name, series.Labels, _bounds, series.Buckets, series.Value);
            }
            else
            {
                writer.Sample(Name, series.Labels, series.Value);
            }
        }
    }

    private static (MetricKind Kind, bool IsAbsolute) KindOf(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(Counter<>) ? (MetricKind.Counter, false)
            : type == typeof(ObservableCounter<>) ? (MetricKind.Counter, true)
            : type == typeof(Histogram<>) ? (MetricKind.Histogram, false)
            : type == typeof(UpDownCounter<>) ? (MetricKind.Gauge, false)
            : (MetricKind.Gauge, true);
    }

    private static string NameOf(Instrument instrument, MetricKind kind)
    {
        var name = LabelText.Name(instrument.Name).ToLowerInvariant();
        var unit = instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", _ => "" };
        name = name.EndsWith(unit, StringComparison.Ordinal) ? name : name + unit;
        return kind != MetricKind.Counter || name.EndsWith("_total", StringComparison.Ordinal) ? name : name + "_total";
    }

    private static double[] BoundsOf(Instrument instrument)
    {
        var advised = instrument switch
        {
            Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries?.ToArray(),
            Histogram<float> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound).ToArray(),
            Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound).ToArray(),
            Histogram<int> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound).ToArray(),
            _ => null,
        };
        return advised ?? (string.Equals(instrument.Unit, "s", StringComparison.Ordinal) ? Seconds : Plain);
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Span<char> text = stackalloc char[LabelText.MaxLength];
        var fits = LabelText.TryWrite(text, tags, hideValues: false, out var length);
        if (fits && _bySpan.TryGetValue(text[..length], out var series))
        {
            return series;
        }

        if (!fits || Volatile.Read(ref _count) >= MaxSeries)
        {
            LabelText.TryWrite(text, tags, hideValues: true, out length);
        }

        return Begin(new string(text[..length]));
    }

    private MetricSeries Begin(string labels)
    {
        var series = new MetricSeries(labels, _bounds);
        if (!_series.TryAdd(labels, series))
        {
            return _series[labels];
        }

        Interlocked.Increment(ref _count);
        return series;
    }
}
