using Virga.Execution.Instances;
using Virga.Execution.Memory;

namespace Virga.Execution.Pools;

/// <summary>Takes memory from instances that are not used, the least recently used first, when somebody waits for some.</summary>
internal sealed class MemoryRelief(MemoryBudget memory, Func<IEnumerable<FunctionPool>> functions, GenericPools generic)
{
    private readonly Lock _gate = new();
    private readonly List<Instance> _leaving = [];

    /// <summary>Gives up as many as it takes, and not one more while the last ones are still on their way out.</summary>
    public void Relieve()
    {
        // Who is at it already sees what this one would have seen.
        if (!_gate.TryEnter())
        {
            return;
        }

        try
        {
            _leaving.RemoveAll(instance => instance.ReservedBytes == 0 || instance.IsFrozen);
            var missing = memory.Missing - _leaving.Sum(instance => instance.ReservedBytes);
            while (missing > 0)
            {
                var (instance, idleSince, pool) = functions().Select(SpareOf).Where(s => s.Instance is not null).DefaultIfEmpty().MinBy(s => s.IdleSince);
                if (instance is not null && pool!.GiveUp(instance))
                {
                    missing -= instance.ReservedBytes;
                    _leaving.Add(instance);
                }
                else if (generic.TryGiveUpOne() is { } ready)
                {
                    missing -= ready.ReservedBytes;
                    _leaving.Add(ready);
                }
                else if (instance is null)
                {
                    return;
                }
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    private static (Instance? Instance, long IdleSince, FunctionPool? Pool) SpareOf(FunctionPool pool)
    {
        var spare = pool.Spare();
        return (spare, spare?.IdleSince ?? long.MaxValue, pool);
    }
}
