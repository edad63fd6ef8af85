namespace Virga.Execution.Memory;

/// <summary>Memory that one instance may use, as part of the node's <see cref="MemoryBudget"/>.</summary>
internal sealed class MemoryReservation : IDisposable
{
    private readonly MemoryBudget _budget;
    private readonly Lock _gate = new();
    private long _bytes;
    private bool _released;

    internal MemoryReservation(MemoryBudget budget, long bytes)
    {
        _budget = budget;
        _bytes = bytes;
    }

    /// <summary>How much, in bytes; 0 once it is given back.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Changes it if the budget allows; making it smaller always succeeds until it is given back.</summary>
    public bool TryResize(long bytes)
    {
        lock (_gate)
        {
            if (_released || !_budget.TryChange(bytes - _bytes))
            {
                return false;
            }

            Volatile.Write(ref _bytes, bytes);
            return true;
        }
    }

    /// <summary>Gives it back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_released)
            {
                _released = true;
                _budget.TryChange(-_bytes);
                Volatile.Write(ref _bytes, 0);
            }
        }
    }
}
