using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;

namespace Virga.Topics.Tests.Brokers;

/// <summary>A publish that a test waits for. A second end throws on the thread that brings it.</summary>
internal sealed class TestPublish : PendingPublish
{
    private readonly TaskCompletionSource<Position> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Where it is; null for a repetition.</summary>
    public Task<Position> End => _end.Task;

    /// <summary>The place that stands for "was published before".</summary>
    public static Position Repeated { get; } = new(-7, -7);

    /// <summary>What happens at its end, on the thread that brings it.</summary>
    public Action? WhenEnded { get; init; }

    public override void Published(Position position)
    {
        WhenEnded?.Invoke();
        _end.SetResult(position);
    }

    public override void Duplicate()
    {
        WhenEnded?.Invoke();
        _end.SetResult(Repeated);
    }

    public override void Failed(Problem problem)
    {
        WhenEnded?.Invoke();
        _end.SetException(new ProblemException(problem));
    }
}
