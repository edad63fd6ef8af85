using System.Globalization;
using System.Text;

namespace Virga.Telemetry.Metrics;

/// <summary>Writes the Prometheus text exposition format, version 0.0.4.</summary>
internal sealed class PrometheusWriter
{
    /// <summary>The content type of what is written.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>Begins a family; all samples of one family follow each other.</summary>
    public void Family(string name, MetricKind kind, string help)
    {
        var type = kind switch { MetricKind.Counter => "counter", MetricKind.Gauge => "gauge", _ => "histogram" };
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <summary>Writes one sample; <paramref name="labels"/> is what <see cref="LabelText"/> makes, or empty.</summary>
    public void Sample(string name, ReadOnlySpan<char> labels, double value)
    {
        _text.Append(name);
        if (!labels.IsEmpty)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <summary>Writes the samples of a histogram; <paramref name="buckets"/> are not cumulative and one more than <paramref name="bounds"/>.</summary>
    public void Histogram(string name, string labels, double[] bounds, ReadOnlySpan<long> buckets, double sum)
    {
        var prefix = labels.Length == 0 ? "" : labels + ",";
        long count = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            count += buckets[i];
            Sample(name + "_bucket", $"{prefix}le=\"{(i < bounds.Length ? Number(bounds[i]) : "+Inf")}\"", count);
        }

        Sample(name + "_sum", labels, sum);
        Sample(name + "_count", labels, count);
    }

    /// <summary>All that was written.</summary>
    public override string ToString() => _text.ToString();

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
