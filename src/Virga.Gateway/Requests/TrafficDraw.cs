namespace Virga.Gateway.Requests;

/// <summary>
/// Draws numbers from 0 up to 1 for traffic splits: multiples of the golden ratio (a Weyl sequence), which fill the interval more evenly than
/// random ones, so that a split of 10 % is one call in ten from the first dozen on.
/// </summary>
internal sealed class TrafficDraw
{
    // 2^64 divided by the golden ratio.
    private const ulong Step = 0x9E3779B97F4A7C15;

    private long _state;

    public double Next()
    {
        var value = (ulong)Interlocked.Add(ref _state, unchecked((long)Step));
        return (value >> 11) * (1.0 / (1UL << 53));
    }
}
