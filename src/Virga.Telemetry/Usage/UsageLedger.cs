using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Telemetry.Usage;

/// <summary>Counts what functions use, in memory. Not thread-safe: the store guards it.</summary>
internal sealed class UsageLedger(UsageOptions options, TimeProvider time)
{
    private readonly Dictionary<FunctionName, FunctionUsage> _functions = [];
    private int _exported;

    /// <summary>What the functions without metrics of their own used together; null when there are none.</summary>
    public FunctionUsage? Others { get; private set; }

    /// <summary>All functions that are counted.</summary>
    public IReadOnlyCollection<FunctionUsage> Functions => _functions.Values;

    /// <summary>Counts an ended invocation.</summary>
    public FunctionUsage Add(in InvocationRecord record)
    {
        if (!_functions.TryGetValue(record.Function.Name, out var usage))
        {
            usage = Begin(record.Function.Name);
        }

        usage.LastCalledAt = time.GetTimestamp();
        usage.Add(record);
        if (!usage.IsExported)
        {
            Others ??= new FunctionUsage(record.Function.Name, time.GetUtcNow(), isExported: false);
            Others.Add(record);
        }

        return usage;
    }

    /// <summary>What a function used; all zero when it was not called.</summary>
    public FunctionStats Stats(FunctionName name)
    {
        if (!_functions.TryGetValue(name, out var usage))
        {
            return new FunctionStats();
        }

        var byOutcome = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var outcome in Enum.GetValues<Outcome>())
        {
            if (usage.ByOutcome[(int)outcome] is > 0 and var calls)
            {
                byOutcome[OutcomeNames.Of(outcome).Value] = calls;
            }
        }

        return new FunctionStats
        {
            Since = usage.Since,
            Calls = usage.Latency.Count,
            Errors = usage.Latency.Count - usage.ByOutcome[(int)Outcome.Result] - usage.ByOutcome[(int)Outcome.Cancelled],
            ByOutcome = byOutcome,
            Latency = new LatencyStats(Ms(usage.Latency.Percentile(0.5)), Ms(usage.Latency.Percentile(0.9)), Ms(usage.Latency.Percentile(0.99)), Ms(usage.Latency.Max)),
            ColdStarts = usage.ColdStarts,
            CpuMs = Ms(usage.CpuTime),
            BytesIn = usage.BytesIn,
            BytesOut = usage.BytesOut,
        };
    }

    private static double Ms(TimeSpan span) => Math.Round(span.TotalMilliseconds, 3);

    private FunctionUsage Begin(FunctionName name)
    {
        if (_functions.Count >= options.MaxFunctions)
        {
            Forget();
        }

        var usage = new FunctionUsage(name, time.GetUtcNow(), _exported < options.MaxExportedFunctions);
        _exported += usage.IsExported ? 1 : 0;
        _functions.Add(name, usage);
        return usage;
    }

    /// <summary>Forgets the functions that were not called for long, and of all others those called least recently, down to nine tenths of the bound.</summary>
    public void Forget()
    {
        var now = time.GetTimestamp();
        var excess = _functions.Count >= options.MaxFunctions ? _functions.Count - (options.MaxFunctions * 9 / 10) : 0;
        foreach (var usage in _functions.Values.OrderBy(static usage => usage.LastCalledAt).ToList())
        {
            if (excess <= 0 && time.GetElapsedTime(usage.LastCalledAt, now) < options.ForgetAfter)
            {
                return;
            }

            _functions.Remove(usage.Name);
            _exported -= usage.IsExported ? 1 : 0;
            excess--;
        }
    }
}
