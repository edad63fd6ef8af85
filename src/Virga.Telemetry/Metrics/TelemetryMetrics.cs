using Virga.Telemetry.Logs;
using Virga.Telemetry.Metering;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Metrics;

/// <summary>What telemetry itself kept and lost.</summary>
internal static class TelemetryMetrics
{
    public static void Write(PrometheusWriter writer, UsageStore usage, UsageMeter meter, FunctionLogStore logs)
    {
        Counter(writer, "virga_log_lines_written_total", "Lines of functions that were written.", logs.WrittenLines);
        Counter(writer, "virga_log_lines_dropped_total", "Lines of functions that were lost: over the rate, the queue or the disk.", logs.DroppedLines);
        Counter(writer, "virga_usage_records_written_total", "Usage records that were written.", usage.WrittenRecords);
        Counter(writer, "virga_usage_records_dropped_total", "Usage records that were counted, but could not be written.", usage.DroppedRecords);
        Counter(writer, "virga_metering_overflowed_total", "Metered entries that found no place in the journal, and were in memory only until they were written.", meter.OverflowedEntries);
        Counter(writer, "virga_metering_lost_total", "Metered entries that were not counted: the disk took none for too long.", meter.LostEntries);
    }

    private static void Counter(PrometheusWriter writer, string name, string help, long value)
    {
        writer.Family(name, MetricKind.Counter, help);
        writer.Sample(name, "", value);
    }
}
