namespace Virga.Execution.Scaling;

/// <summary>
/// The places of all calls that wait on a node. They are shared by dynamic thresholds (Choudhury and Hahne, "Dynamic Queue Length
/// Thresholds for Shared-Memory Packet Switches", IEEE/ACM Transactions on Networking 6(2), 1998): a function's queue may grow to a
/// multiple of the places that are free, so that one flooded function always leaves some to others. Safe for use by several threads.
/// </summary>
internal sealed class NodeQueue
{
    private readonly int _places;
    private readonly double _alpha;
    private int _taken;

    /// <param name="places">How many calls may wait on this node.</param>
    /// <param name="alpha">How many times the free places one function's queue may be long. With n flooded functions, 1/(1 + n × alpha) of the places stays free.</param>
    public NodeQueue(int places, double alpha = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(places, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(alpha, 0);
        _places = places;
        _alpha = alpha;
    }

    /// <summary>Calls that wait on this node.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Takes a place for one more call of a function that has <paramref name="alreadyQueued"/> in line and may have <paramref name="functionLimit"/>.</summary>
    public bool TryEnter(int alreadyQueued, int functionLimit)
    {
        if (alreadyQueued >= functionLimit)
        {
            return false;
        }

        var taken = Volatile.Read(ref _taken);
        while (true)
        {
            var free = _places - taken;
            if (free <= 0 || alreadyQueued >= _alpha * free)
            {
                return false;
            }

            var before = Interlocked.CompareExchange(ref _taken, taken + 1, taken);
            if (before == taken)
            {
                return true;
            }

            taken = before;
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _taken);
}
