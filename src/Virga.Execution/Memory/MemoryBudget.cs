namespace Virga.Execution.Memory;

/// <summary>
/// The memory that all instances of a node may have together. Each holds a reservation as large as the limit that the kernel enforces on it, so
/// that their sum is never exceeded, whatever they do. Who waits is served in order: a small request does not pass a large one for ever.
/// </summary>
/// <param name="bytes">The whole.</param>
internal sealed class MemoryBudget(long bytes)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Request> _waiting = new();
    private long _reserved;
    private volatile bool _short;

    /// <summary>Raised when somebody begins to wait: whoever holds memory without using it should give some back.</summary>
    public event Action? RunShort;

    /// <summary>The whole, in bytes.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>What is reserved now, in bytes.</summary>
    public long Reserved
    {
        get
        {
            lock (_gate)
            {
                return _reserved;
            }
        }
    }

    /// <summary>Whether somebody waits for memory.</summary>
    public bool IsShort => _short;

    /// <summary>What those who wait miss, in bytes.</summary>
    public long Missing
    {
        get
        {
            lock (_gate)
            {
                var wanted = _waiting.Sum(request => request.Bytes);
                return wanted == 0 ? 0 : Math.Max(0, wanted - (Bytes - _reserved));
            }
        }
    }

    /// <summary>Reserves memory, and waits for it where there is none left.</summary>
    /// <exception cref="Core.Problems.ProblemException">The whole budget is too small for it.</exception>
    public async ValueTask<MemoryReservation> ReserveAsync(long bytes, CancellationToken cancellation)
    {
        Require(bytes);
        Request request;
        lock (_gate)
        {
            if (_waiting.Count == 0 && TryTake(bytes))
            {
                return new MemoryReservation(this, bytes);
            }

            request = new Request(bytes);
            _waiting.AddLast(request);
            _short = true;
        }

        RunShort?.Invoke();
        await using var registration = cancellation.UnsafeRegister(static state => ((Request)state!).Granted.TrySetCanceled(), request);
        try
        {
            await request.Granted.Task;
            return new MemoryReservation(this, bytes);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                _waiting.Remove(request);
                Serve();
            }

            throw;
        }
    }

    /// <summary>Makes a reservation larger or smaller; false when there is not enough left, or others wait.</summary>
    internal bool TryChange(long difference)
    {
        lock (_gate)
        {
            if (difference > 0)
            {
                return _waiting.Count == 0 && TryTake(difference);
            }

            _reserved += difference;
            Serve();
            return true;
        }
    }

    private void Require(long bytes)
    {
        if (bytes > Bytes)
        {
            throw new Core.Problems.ProblemException(Core.Problems.KnownProblems.Unavailable(
                $"An instance needs {bytes >> 20} MB, and all instances of this node together may have {Bytes >> 20} MB.",
                "Lower the function's memory, or raise the node's --memory-budget."));
        }
    }

    private bool TryTake(long bytes)
    {
        if (_reserved + bytes > Bytes)
        {
            return false;
        }

        _reserved += bytes;
        return true;
    }

    private void Serve()
    {
        while (_waiting.First is { } first && TryTake(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            if (!first.Value.Granted.TrySetResult())
            {
                _reserved -= first.Value.Bytes;
            }
        }

        _short = _waiting.Count > 0;
    }

    private sealed class Request(long bytes)
    {
        public long Bytes { get; } = bytes;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
