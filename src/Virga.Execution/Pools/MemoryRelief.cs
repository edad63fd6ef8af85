using Microsoft.Extensions.Logging;
using Virga.Execution.Instances;
using Virga.Execution.Memory;

namespace Virga.Execution.Pools;

/// <summary>Takes memory from instances that are not used, the least recently used first, when somebody waits for some.</summary>
internal sealed partial class MemoryRelief(MemoryBudget memory, Func<IEnumerable<FunctionPool>> functions, GenericPools generic, SnapshotSource? snapshots, ILogger logger)
{
    private const long WorthTaking = 8L << 20;

    private readonly List<Leaving> _leaving = [];
    private int _asked;

    /// <summary>Has memory given back, in the background: who asks may be on the path of a call. Asking while it goes on makes it look again.</summary>
    public void Request()
    {
        if (Interlocked.Exchange(ref _asked, 2) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static self => self.Run(), this, preferLocal: false);
        }
    }

    private void Run()
    {
        do
        {
            Interlocked.Exchange(ref _asked, 1);
            try
            {
                Relieve();
            }
            catch (Exception e)
            {
                LogFailed(logger, e);
            }
        }
        while (Interlocked.CompareExchange(ref _asked, 0, 1) != 1);
    }

    // Gives up as many as it takes, and not one more while the last ones are still on their way out.
    private void Relieve()
    {
        _leaving.RemoveAll(left => left.IsOver);
        var missing = memory.Missing - _leaving.Sum(left => left.Instance.ReservedBytes);
        while (missing > 0)
        {
            // Ending a frozen instance that occupies next to nothing would help nobody, unless there is nothing else.
            var next = LeastRecentlyUsed(WorthTaking);
            if (next is null && generic.TryGiveUpOne() is { } ready)
            {
                missing -= ready.ReservedBytes;
                _leaving.Add(new Leaving(ready, Freezes: false));
                continue;
            }

            if (next is null && snapshots?.TryGiveUpOne() == true)
            {
                continue;
            }

            if ((next ?? LeastRecentlyUsed(1)) is (var spare, var pool))
            {
                // One at a time is frozen: pushing memory out takes much longer than ending an instance.
                var freed = spare.ReservedBytes;
                if (pool.GiveUp(spare, mayFreeze: !_leaving.Exists(left => left.Freezes)) is { } freezes)
                {
                    missing -= freed;
                    _leaving.Add(new Leaving(spare, freezes));
                }
            }
            else
            {
                return;
            }
        }
    }

    private (Instance Instance, FunctionPool Pool)? LeastRecentlyUsed(long bytes)
    {
        (Instance Instance, FunctionPool Pool)? least = null;
        foreach (var pool in functions())
        {
            if (pool.Spare(bytes) is { } spare && (least is not { } other || spare.IdleSince < other.Instance.IdleSince))
            {
                least = (spare, pool);
            }
        }

        return least;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Memory could not be given back")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    private sealed record Leaving(Instance Instance, bool Freezes)
    {
        // One that was to be frozen may have been woken instead: then it keeps its memory.
        public bool IsOver => Instance.ReservedBytes == 0 || (Freezes && (Instance.IsFrozen || Instance.State is InstanceState.Serving or InstanceState.Waking));
    }
}
