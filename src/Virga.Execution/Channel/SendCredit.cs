namespace Virga.Execution.Channel;

/// <summary>How many more bytes the worker takes of one call: starts at 1 MiB, grows by WINDOW frames. One waiter at a time.</summary>
internal sealed class SendCredit
{
    private readonly Lock _gate = new();
    private long _available = Credit.Initial;
    private TaskCompletionSource? _waiter;
    private volatile bool _stopped;

    public bool Stopped => _stopped;

    public void Add(long bytes)
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            // An honest worker only gives back what it got: more would let it fill the node's memory.
            _available = Math.Min(_available + bytes, Credit.Initial);
            (waiter, _waiter) = (_waiter, null);
        }

        waiter?.TrySetResult();
    }

    public void Stop()
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            _stopped = true;
            (waiter, _waiter) = (_waiter, null);
        }

        waiter?.TrySetResult();
    }

    /// <summary>Takes up to <paramref name="wanted"/> bytes of credit, waiting for the first; 0 after <see cref="Stop"/>.</summary>
    public async ValueTask<int> TakeAsync(int wanted, CancellationToken cancellation)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                if (_stopped)
                {
                    return 0;
                }

                if (_available > 0)
                {
                    var taken = (int)Math.Min(_available, wanted);
                    _available -= taken;
                    return taken;
                }

                _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _waiter.Task;
            }

            await wait.WaitAsync(cancellation);
        }
    }
}
