namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// Runs a subscription's passes, one at a time, wherever the queue runs them: whoever has news wakes it and goes on. So the sinks of a subscription are called one after the other, outside its gate,
/// and no thread waits for another.
/// </summary>
internal sealed class DispatchPump(Subscription subscription, IDispatchQueue queue) : IThreadPoolWorkItem
{
    // As many passes in a row; then others that wait for the thread have their turn.
    private const int MaxPasses = 16;

    private const int Idle = 0;
    private const int Posted = 1;
    private const int Running = 2;
    private const int Again = 3;

    private int _state;

    /// <summary>There may be something to do. Returns at once; cheap when it is known already.</summary>
    public void Wake()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state is Posted or Again)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _state, state == Idle ? Posted : Again, state) == state)
            {
                if (state == Idle)
                {
                    queue.Post(this);
                }

                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Execute()
    {
        var isMore = true;
        for (var pass = 0; pass < MaxPasses && isMore; pass++)
        {
            // What is woken from now on is seen by this pass, or by the next.
            Interlocked.Exchange(ref _state, Running);
            isMore = subscription.RunPass() || Volatile.Read(ref _state) == Again;
        }

        if (!isMore && Interlocked.CompareExchange(ref _state, Idle, Running) == Running)
        {
            return;
        }

        Interlocked.Exchange(ref _state, Posted);
        queue.Post(this);
    }
}
