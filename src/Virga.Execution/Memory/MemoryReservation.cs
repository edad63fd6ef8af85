namespace Virga.Execution.Memory;

/// <summary>Memory that one instance may use, as part of the node's <see cref="MemoryBudget"/>.</summary>
internal sealed class MemoryReservation : IDisposable
{
    private readonly MemoryBudget _budget;
    private readonly Lock _gate = new();
    private bool _released;

    internal MemoryReservation(MemoryBudget budget, long bytes)
    {
        _budget = budget;
        Bytes = bytes;
    }

    /// <summary>How much, in bytes; 0 once it is given back.</summary>
    public long Bytes { get; private set; }

    /// <summary>Changes it if the budget allows; making it smaller always succeeds.</summary>
    public bool TryResize(long bytes)
    {
        lock (_gate)
        {
            if (_released || !_budget.TryChange(bytes - Bytes))
            {
                return false;
            }

            Bytes = bytes;
            return true;
        }
    }

    /// <summary>Changes it, and waits for what it lacks.</summary>
    /// <exception cref="Core.Problems.ProblemException">The whole budget is too small for it.</exception>
    public async ValueTask ResizeAsync(long bytes, CancellationToken cancellation)
    {
        if (TryResize(bytes))
        {
            return;
        }

        var more = await _budget.ReserveAsync(bytes - Bytes, cancellation);
        lock (_gate)
        {
            if (!_released)
            {
                Bytes += more.Bytes;
                more._released = true;
                return;
            }
        }

        more.Dispose();
    }

    /// <summary>Gives it back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_released)
            {
                _released = true;
                _budget.TryChange(-Bytes);
                Bytes = 0;
            }
        }
    }
}
