using Virga.Core.Invocations;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Metrics;

/// <summary>What functions use, straight from the counts of the usage store.</summary>
internal static class FunctionMetrics
{
    private const string Calls = "virga_invocations_total";
    private const string Durations = "virga_invocation_duration_seconds";
    private const string ColdStarts = "virga_cold_starts_total";

    public static void Write(PrometheusWriter writer, UsageLedger ledger)
    {
        var functions = ledger.Functions
            .Where(static usage => usage.IsExported)
            .Select(static usage => (Labels: LabelText.Of("function", usage.Name.ToString()), Usage: usage))
            .OrderBy(static function => function.Labels, StringComparer.Ordinal)
            .ToList();
        if (ledger.Others is { } others)
        {
            functions.Add((LabelText.Of("function", MetricFamily.Overflow), others));
        }

        writer.Family(Calls, MetricKind.Counter, "Invocations that have ended.");
        foreach (var (labels, usage) in functions)
        {
            foreach (var outcome in Enum.GetValues<Outcome>())
            {
                if (usage.ByOutcome[(int)outcome] is > 0 and var count)
                {
                    writer.Sample(Calls, $"{labels},outcome=\"{OutcomeNames.Of(outcome)}\"", count);
                }
            }
        }

        writer.Family(Durations, MetricKind.Histogram, "How long callers waited: queue, start and run.");
        foreach (var (labels, usage) in functions)
        {
            writer.Histogram(Durations, labels, FunctionUsage.DurationBounds, usage.DurationBuckets, usage.TotalDuration.TotalSeconds);
        }

        writer.Family(ColdStarts, MetricKind.Counter, "Invocations for which an instance was started or specialised.");
        foreach (var (labels, usage) in functions)
        {
            writer.Sample(ColdStarts, labels, usage.ColdStarts);
        }
    }
}
