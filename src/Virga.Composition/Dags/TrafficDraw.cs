using Virga.Core.Names;

namespace Virga.Composition.Dags;

/// <summary>Draws numbers from 0 up to 1 for traffic splits: of a run and step always the same, so that a run that starts again calls what it called before.</summary>
internal static class TrafficDraw
{
    // 2^64 divided by the golden ratio: multiples of it fill the interval evenly.
    private const ulong Step = 0x9E3779B97F4A7C15;

    public static double Of(InvocationId run, int step)
    {
        var mixed = unchecked(((ulong)(uint)run.GetHashCode() + (ulong)step) * Step);
        return (mixed >> 11) * (1.0 / (1UL << 53));
    }
}
