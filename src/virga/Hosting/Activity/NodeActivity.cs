using Virga.Execution.Pools;

namespace Virga.Hosting.Activity;

/// <summary>What a node does. Rates are those of the last ten seconds.</summary>
/// <param name="CallsPerSecond">Calls that ended.</param>
/// <param name="ColdStartsPerSecond">Those that waited for a new instance.</param>
/// <param name="InFlight">Calls that run.</param>
/// <param name="Queued">Calls that wait.</param>
/// <param name="Instances">Instances of functions, by tier.</param>
/// <param name="Memory">Resident memory of these, in bytes.</param>
/// <param name="MemoryBudget">How much they may have together, in bytes; null when there is no limit.</param>
/// <param name="Pools">The pools of generic instances.</param>
internal sealed record NodeActivity(
    double CallsPerSecond, double ColdStartsPerSecond, int InFlight, int Queued, TierCounts Instances, long Memory, long? MemoryBudget, IReadOnlyList<GenericPoolStatus> Pools);
