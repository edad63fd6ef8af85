namespace Virga.Gateway.Requests;

/// <summary>
/// Draws numbers from 0 up to 1 for traffic splits: multiples of the golden ratio (a Weyl sequence), which fill the interval more evenly than
/// random ones, so that a split of 10 % is one call in ten from the first dozen on. Each thread has a sequence of its own: calls share no memory here.
/// </summary>
internal static class TrafficDraw
{
    // 2^64 divided by the golden ratio.
    private const ulong Step = 0x9E3779B97F4A7C15;

    [ThreadStatic]
    private static ulong _state;

    public static double Next()
    {
        // Starts apart, so that the threads do not all draw the same numbers at first.
        var state = _state == 0 ? unchecked((ulong)Environment.CurrentManagedThreadId * Step * Step) : _state;
        _state = state = unchecked(state + Step);
        return (state >> 11) * (1.0 / (1UL << 53));
    }
}
