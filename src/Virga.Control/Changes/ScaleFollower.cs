using Virga.Control.Metadata;
using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Control.Changes;

/// <summary>One reader's bounded queue of the autoscaler's decisions about the functions of a scope. When it is full the oldest goes.</summary>
internal sealed class ScaleFollower(ScaleFeed feed, Scope scope, int capacity) : IDisposable
{
    // Held only to move references; the autoscaler never waits for a reader.
    private readonly Lock _gate = new();
    private readonly Queue<ScaleEvent> _waiting = new();
    private TaskCompletionSource _next = NewSignal();
    private long _lost;

    /// <summary>Ends when there is something to take. Taken before <see cref="Take"/>, so that nothing falls between the two.</summary>
    public Task Next
    {
        get
        {
            lock (_gate)
            {
                return _next.Task;
            }
        }
    }

    /// <summary>Everything since the last time, oldest first, and how many are missing before it.</summary>
    public (IReadOnlyList<ScaleEvent> Events, long Lost) Take()
    {
        lock (_gate)
        {
            var taken = (_waiting.ToArray(), _lost);
            _waiting.Clear();
            _lost = 0;
            if (_next.Task.IsCompleted)
            {
                _next = NewSignal();
            }

            return taken;
        }
    }

    public void Offer(ScaleEvent change)
    {
        if (change.Function.Name.Tenant != scope.Tenant || change.Function.Name.Namespace != scope.Namespace)
        {
            return;
        }

        lock (_gate)
        {
            if (_waiting.Count == capacity)
            {
                _waiting.Dequeue();
                _lost++;
            }

            _waiting.Enqueue(change);
            _next.TrySetResult();
        }
    }

    public void Dispose() => feed.Leave(this);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
