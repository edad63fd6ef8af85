namespace Virga.Telemetry.Metrics;

/// <summary>The types of the Prometheus text format that are used here.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}
