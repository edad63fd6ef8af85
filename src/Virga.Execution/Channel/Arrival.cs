using System.Threading.Tasks.Sources;

namespace Virga.Execution.Channel;

/// <summary>Tells one receiver that something has come, or the end. One wait at a time.</summary>
internal sealed class Arrival(ArrivalWatch watch, ulong id, int descriptor) : IValueTaskSource, IThreadPoolWorkItem, IDisposable
{
    private ManualResetValueTaskSourceCore<bool> _next;
    private bool _isWaiting;

    /// <summary>Which of the watch's.</summary>
    public ulong Id => id;

    /// <summary>What is watched.</summary>
    public int Descriptor => descriptor;

    /// <summary>Completes, and goes on with the receiver, when a receive finds something.</summary>
    public ValueTask NextAsync()
    {
        _next.Reset();
        Volatile.Write(ref _isWaiting, true);
        watch.Arm(this);
        return new ValueTask(this, _next.Version);
    }

    /// <inheritdoc/>
    public void Execute()
    {
        // The end of the other side may be told before anybody waits.
        if (Interlocked.Exchange(ref _isWaiting, false))
        {
            _next.SetResult(true);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => watch.Forget(this);

    void IValueTaskSource.GetResult(short token) => _next.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _next.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _next.OnCompleted(continuation, state, token, flags);
}
