namespace Virga.State.Time;

/// <summary>A node's hybrid logical clock: never gives a reading twice, never one that is not later than all that it has seen.</summary>
/// <param name="time">The physical clock.</param>
public sealed class HybridClock(TimeProvider time)
{
    private ulong _last;

    /// <summary>Milliseconds to add to the physical clock, so that nodes agree: how far this machine's clock is from the cluster's.</summary>
    public long OffsetMilliseconds { get; set; }

    /// <summary>A reading for an event that happens now.</summary>
    public HybridTimestamp Now()
    {
        var physical = HybridTimestamp.At(time.GetUtcNow().ToUnixTimeMilliseconds() + OffsetMilliseconds).Value;
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = Math.Max(physical, last + 1);
            if (Interlocked.CompareExchange(ref _last, next, last) == last)
            {
                return new HybridTimestamp(next);
            }
        }
    }

    /// <summary>A reading was seen, in a message or a stored value: what happens from now on is later.</summary>
    public void Observe(HybridTimestamp seen)
    {
        var last = Volatile.Read(ref _last);
        while (seen.Value > last)
        {
            var found = Interlocked.CompareExchange(ref _last, seen.Value, last);
            if (found == last)
            {
                return;
            }

            last = found;
        }
    }
}
