using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Virga.Telemetry.Logs;
using Virga.Telemetry.Metering;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Metrics;

/// <summary>
/// Everything at <c>/metrics</c>: the meters whose name begins with <c>Virga.</c>, what functions use, what telemetry itself lost, and the process.
/// </summary>
public sealed class MetricsExporter : IDisposable
{
    private const string MeterPrefix = "Virga.";

    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly UsageStore _usage;
    private readonly UsageMeter _meter;
    private readonly FunctionLogStore _logs;

    // One scrape at a time: it asks the observable instruments for their values.
    private readonly Lock _scrape = new();

    /// <summary>Begins to listen.</summary>
    public MetricsExporter(UsageStore usage, UsageMeter meter, FunctionLogStore logs)
    {
        (_usage, _meter, _logs) = (usage, meter, logs);
        _listener.InstrumentPublished = Listen;
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => ((MetricFamily)family!).Measure((double)value, tags));
        _listener.Start();
    }

    /// <summary>All metrics in the Prometheus text format.</summary>
    public async Task<string> ScrapeAsync(CancellationToken cancellation)
    {
        await _usage.FlushAsync().WaitAsync(cancellation);
        var writer = new PrometheusWriter();
        lock (_scrape)
        {
            foreach (var family in _families.Values)
            {
                family.BeginObserving();
            }

            _listener.RecordObservableInstruments();
            foreach (var family in _families.Values.OrderBy(static family => family.Name, StringComparer.Ordinal))
            {
                family.WriteTo(writer);
            }
        }

        _usage.Read(ledger => FunctionMetrics.Write(writer, ledger));
        TelemetryMetrics.Write(writer, _usage, _meter, _logs);
        ProcessMetrics.Write(writer);
        return writer.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Listen(Instrument instrument, MeterListener listener)
    {
        if (!instrument.Meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal))
        {
            return;
        }

        // Two instruments that come out with one name are one family: a family must not be written twice.
        var family = new MetricFamily(instrument);
        listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(family.Name, family));
    }
}
