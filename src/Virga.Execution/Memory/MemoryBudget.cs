using Virga.Core.Problems;
using Virga.Execution.Scaling;

namespace Virga.Execution.Memory;

/// <summary>
/// The memory that all instances of a node may have together. Each holds a reservation as large as the limit that the kernel enforces on it, so
/// that their sum is never exceeded, whatever they do. Who waits is served by turns of those who ask, calls that wait before what is started ahead;
/// whose turn it is waits until there is enough, so that small requests do not pass a large one for ever.
/// </summary>
/// <param name="bytes">The whole.</param>
/// <param name="patience">How long anybody waits.</param>
internal sealed class MemoryBudget(long bytes, TimeSpan patience, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly FairQueue<Request> _onDemand = new();
    private readonly FairQueue<Request> _background = new();
    private Request? _first;
    private long _reserved;
    private long _wanted;
    private volatile bool _short;

    /// <summary>Raised when somebody begins to wait: whoever holds memory without using it should give some back. Must not throw.</summary>
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

    /// <summary>What could be reserved at once, in bytes; 0 while somebody waits.</summary>
    public long Free
    {
        get
        {
            lock (_gate)
            {
                return _wanted > 0 ? 0 : Bytes - _reserved;
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
                return _wanted == 0 ? 0 : Math.Max(0, _wanted - (Bytes - _reserved));
            }
        }
    }

    /// <summary>
    /// Reserves all the memory that an instance will need, and waits for it where there is none left. Who holds a reservation already must not wait for
    /// more of it: those who wait for each other would wait for ever.
    /// </summary>
    /// <param name="bytes">How much.</param>
    /// <param name="key">On whose behalf; told apart by reference.</param>
    /// <param name="priority">Whether a call waits for it.</param>
    /// <exception cref="ProblemException">The whole budget is too small for it, or none became free in time.</exception>
    public async ValueTask<MemoryReservation> ReserveAsync(long bytes, object key, StartPriority priority, CancellationToken cancellation)
    {
        if (bytes > Bytes)
        {
            throw new ProblemException(KnownProblems.Unavailable(
                $"An instance needs {bytes >> 20} MB, and all instances of this node together may have {Bytes >> 20} MB.",
                "Lower the function's memory, or raise the node's --memory-budget."));
        }

        Request request;
        lock (_gate)
        {
            if (_wanted == 0 && TryTake(bytes))
            {
                return new MemoryReservation(this, bytes);
            }

            request = new Request(bytes, key, priority == StartPriority.OnDemand ? _onDemand : _background);
            request.Place = request.Line.Add(key, request);
            _wanted += bytes;
            Serve();
        }

        RunShort?.Invoke();
        try
        {
            await request.Granted.Task.WaitAsync(patience, time, cancellation);
            return new MemoryReservation(this, bytes);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
        {
            if (!request.Granted.TrySetCanceled(CancellationToken.None))
            {
                return new MemoryReservation(this, bytes);
            }

            Withdraw(request);
            if (e is OperationCanceledException)
            {
                throw;
            }

            throw new ProblemException(KnownProblems.Unavailable(
                $"No memory for an instance became free within {patience.TotalSeconds:0} s: {Reserved >> 20} of {Bytes >> 20} MB are in use.",
                "Try again later, raise the node's --memory-budget, or lower what functions keep warm."));
        }
    }

    /// <summary>Makes a reservation larger or smaller; false when there is not enough left, or others wait.</summary>
    internal bool TryChange(long difference)
    {
        lock (_gate)
        {
            if (difference > 0)
            {
                return _wanted == 0 && TryTake(difference);
            }

            _reserved += difference;
            Serve();
            return true;
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

    private void Withdraw(Request request)
    {
        lock (_gate)
        {
            if (_first == request)
            {
                _first = null;
                _wanted -= request.Bytes;
            }
            else if (request.Line.Remove(request.Key, request.Place!))
            {
                _wanted -= request.Bytes;
            }

            Serve();
        }
    }

    private void Serve()
    {
        while ((_first ??= Next()) is { } first && TryTake(first.Bytes))
        {
            _first = null;
            _wanted -= first.Bytes;
            if (!first.Granted.TrySetResult())
            {
                _reserved -= first.Bytes;
            }
        }

        _short = _wanted > 0;
    }

    private Request? Next() => _onDemand.TryTake(out var next) || _background.TryTake(out next) ? next : null;

    private sealed class Request(long bytes, object key, FairQueue<Request> line)
    {
        public long Bytes => bytes;

        public object Key => key;

        public FairQueue<Request> Line => line;

        public LinkedListNode<Request>? Place { get; set; }

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
