namespace Virga.State.Caches;

/// <summary>Wakes one loop; setting it again before the loop has woken up does nothing more.</summary>
internal sealed class Signal
{
    private TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes the loop, now or when it waits next.</summary>
    public void Set()
    {
        var set = Volatile.Read(ref _set);
        if (!set.Task.IsCompleted)
        {
            set.TrySetResult();
        }
    }

    /// <summary>Completes when it was set since it was last reset.</summary>
    public Task WaitAsync(CancellationToken cancellation) => Volatile.Read(ref _set).Task.HereAsync(cancellation);

    /// <summary>The same, or when some time has gone by.</summary>
    public async Task WaitAsync(TimeSpan most, TimeProvider time, CancellationToken cancellation)
    {
        using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(TaskWaiting.FollowAsync(Volatile.Read(ref _set).Task), Task.Delay(most, time, waited.Token));
        waited.Cancel();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>The loop has woken up and begins to look: what happens from now on sets it again.</summary>
    public void Reset()
    {
        if (Volatile.Read(ref _set).Task.IsCompleted)
        {
            Volatile.Write(ref _set, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }
}
