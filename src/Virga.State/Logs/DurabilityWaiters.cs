using Virga.Core.Problems;

namespace Virga.State.Logs;

/// <summary>All who wait until a position of the log is on disk, and how far the disk is.</summary>
internal sealed class DurabilityWaiters
{
    private const int KeptWaiters = 1024;

    private readonly Lock _waiting = new();
    private readonly Stack<DurabilityWaiter> _idle = [];
    private List<DurabilityWaiter> _waiters = [];
    private List<DurabilityWaiter> _rest = [];
    private long _durable;
    private Problem? _failure;

    /// <summary>All before this is on disk.</summary>
    public long Durable => Volatile.Read(ref _durable);

    /// <summary>Why nothing more reaches the disk now; null when it does.</summary>
    public Problem? Failure => Volatile.Read(ref _failure);

    /// <summary>Whether anybody waits.</summary>
    public bool Any
    {
        get
        {
            lock (_waiting)
            {
                return _waiters.Count > 0;
            }
        }
    }

    public ValueTask WaitAsync(long position)
    {
        if (Durable >= position)
        {
            return ValueTask.CompletedTask;
        }

        lock (_waiting)
        {
            if (_durable >= position)
            {
                return ValueTask.CompletedTask;
            }

            if (_failure is { } failure)
            {
                return ValueTask.FromException(new ProblemException(failure));
            }

            if (!_idle.TryPop(out var waiter))
            {
                waiter = new DurabilityWaiter(this);
            }

            waiter.Position = position;
            _waiters.Add(waiter);
            return waiter.Task;
        }
    }

    /// <summary>All before a position is on disk now. Called by the writer alone.</summary>
    public void Advance(long durable)
    {
        lock (_waiting)
        {
            Volatile.Write(ref _durable, durable);
            foreach (var waiter in _waiters)
            {
                if (waiter.Position <= durable)
                {
                    waiter.Complete();
                }
                else
                {
                    _rest.Add(waiter);
                }
            }

            _waiters.Clear();
            (_waiters, _rest) = (_rest, _waiters);
        }
    }

    /// <summary>Nothing reaches the disk any more: all who wait, and all who come, are told so.</summary>
    public void Fail(Problem problem)
    {
        lock (_waiting)
        {
            Volatile.Write(ref _failure, problem);
            foreach (var waiter in _waiters)
            {
                waiter.Fail(new ProblemException(problem));
            }

            _waiters.Clear();
        }
    }

    /// <summary>The disk takes writes again.</summary>
    public void Recover() => Volatile.Write(ref _failure, null);

    public void Return(DurabilityWaiter waiter)
    {
        lock (_waiting)
        {
            if (_idle.Count < KeptWaiters)
            {
                _idle.Push(waiter);
            }
        }
    }
}
