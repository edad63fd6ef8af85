using Virga.Core.Problems;
using Virga.Execution.Instances;

namespace Virga.Execution.Pools;

/// <summary>One call that waits for a place.</summary>
/// <param name="since">When it began to wait, as <see cref="TimeProvider.GetTimestamp"/>.</param>
internal sealed class Waiter(long since)
{
    private readonly TaskCompletionSource<Instance> _place = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Since { get; } = since;

    /// <summary>Completes with an instance that has a place reserved for the call.</summary>
    public Task<Instance> Place => _place.Task;

    /// <summary>Whether it got its place; false when it has stopped waiting.</summary>
    public bool TryGive(Instance instance) => _place.TrySetResult(instance);

    public bool TryFail(Problem problem) => _place.TrySetException(new ProblemException(problem));

    /// <summary>Stops waiting; false when a place was given meanwhile.</summary>
    public bool TryCancel() => _place.TrySetCanceled();
}
