using System.Threading.Tasks.Sources;

namespace Virga.State.Logs;

/// <summary>Somebody who waits until a position of the log is on disk; used again and again.</summary>
internal sealed class DurabilityWaiter(DurabilityWaiters owner) : IValueTaskSource
{
    // The writer's thread must not run what waits for it.
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };

    public long Position { get; set; }

    public ValueTask Task => new(this, _core.Version);

    public void Complete() => _core.SetResult(true);

    public void Fail(Exception exception) => _core.SetException(exception);

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            owner.Return(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
