using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Execution.Pools;

/// <summary>What a function version's pool holds at the moment.</summary>
/// <param name="Function">Which version.</param>
/// <param name="Instances">Its instances, of every tier.</param>
/// <param name="Starting">Instances that are started or woken.</param>
/// <param name="Queued">Calls that wait for an instance.</param>
/// <param name="Desired">Warm instances that the autoscaler wants.</param>
/// <param name="Reason">Why, as one word: <c>steady</c>, <c>scaled-up</c>, <c>panic</c>, <c>idle</c>, <c>floor</c>….</param>
/// <param name="Concurrency">Calls at a time, averaged over the autoscaler's stable window.</param>
/// <param name="LastFailure">Why the last start failed; null when it did not.</param>
public sealed record FunctionPoolStatus(
    FunctionVersion Function,
    IReadOnlyList<InstanceStatus> Instances,
    int Starting,
    int Queued,
    int Desired,
    string Reason,
    double Concurrency,
    Problem? LastFailure);
