using Virga.Core.Names;
using Virga.Execution.Pools;

namespace Virga.Hosting.Activity;

/// <summary>Puts together what the pools hold and what the meter has seen.</summary>
internal static class ActivityReport
{
    /// <summary>Makes the report of a moment.</summary>
    /// <param name="time">The moment.</param>
    /// <param name="pools">What all function versions' pools hold.</param>
    /// <param name="generic">The pools of generic instances.</param>
    /// <param name="calls">What functions did lately.</param>
    /// <param name="memoryBudget">How many bytes instances may have together; null when there is no limit.</param>
    public static ActivityDocument Make(
        DateTimeOffset time, IReadOnlyList<PoolActivity> pools, IReadOnlyList<GenericPoolStatus> generic, IReadOnlyDictionary<FunctionName, WindowSummary> calls, long? memoryBudget)
    {
        var byFunction = pools.ToLookup(pool => pool.Function);
        var functions = byFunction.Select(group => group.Key).Union(calls.Keys)
            .Select(name => Function(name, [.. byFunction[name]], calls.GetValueOrDefault(name)))
            .OrderByDescending(function => function.CallsPerSecond)
            .ThenBy(function => $"{function.Tenant}/{function.Namespace}/{function.Name}", StringComparer.Ordinal)
            .ToList();
        var node = new NodeActivity(
            Rate(functions.Sum(function => function.CallsPerSecond)),
            Rate(calls.Values.Sum(summary => summary.ColdStartsPerSecond)),
            functions.Sum(function => function.InFlight),
            functions.Sum(function => function.Queued),
            Count(pools),
            functions.Sum(function => function.Memory),
            memoryBudget,
            generic);
        return new ActivityDocument(time, node, functions);
    }

    private static FunctionActivity Function(FunctionName name, IReadOnlyList<PoolActivity> pools, WindowSummary calls) => new(
        name.Tenant.Value,
        name.Namespace.Value,
        name.Name.Value,
        Rate(calls.CallsPerSecond),
        Rate(calls.ErrorsPerSecond),
        Math.Round(calls.Cpu.TotalSeconds, 3),
        Milliseconds(calls.P50),
        Milliseconds(calls.P99),
        pools.Sum(pool => pool.Instances.Sum(instance => instance.InFlight)),
        pools.Sum(pool => pool.Queued),
        Count(pools),
        pools.Sum(pool => pool.Desired),
        string.Join(", ", pools.Select(pool => pool.ScaleReason).Where(reason => reason.Length > 0).Distinct(StringComparer.Ordinal)),
        pools.Sum(pool => pool.Instances.Sum(instance => instance.Memory)));

    private static TierCounts Count(IReadOnlyList<PoolActivity> pools)
    {
        var states = pools.SelectMany(pool => pool.Instances).CountBy(instance => instance.State).ToDictionary(StringComparer.Ordinal);
        return new TierCounts(
            pools.Sum(pool => pool.Starting),
            states.GetValueOrDefault("busy") + states.GetValueOrDefault("draining"),
            states.GetValueOrDefault("idle"),
            states.GetValueOrDefault("freezing") + states.GetValueOrDefault("frozen"),
            pools.Count(pool => pool.HasSnapshot));
    }

    private static double Rate(double perSecond) => Math.Round(perSecond, 1);

    private static double? Milliseconds(TimeSpan? span) => span is { } value ? Math.Round(value.TotalMilliseconds, 2) : null;
}
