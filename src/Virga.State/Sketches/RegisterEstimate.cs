namespace Virga.State.Sketches;

/// <summary>
/// What the registers of a HyperLogLog say: the improved raw estimator of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6. It is without
/// bias over the whole range, and so needs neither tables of biases nor a change over to linear counting.
/// </summary>
internal static class RegisterEstimate
{
    // 1 / (2 ln 2).
    private const double AlphaInfinity = 0.721347520444481703680;

    public static double Of(ReadOnlySpan<byte> registers, int precision)
    {
        var top = 64 - precision;
        Span<int> counts = stackalloc int[66];
        counts.Clear();
        foreach (var register in registers)
        {
            counts[register]++;
        }

        double m = registers.Length;
        var z = m * Tau(1 - (counts[top + 1] / m));
        for (var rank = top; rank >= 1; rank--)
        {
            z = 0.5 * (z + counts[rank]);
        }

        z += m * Sigma(counts[0] / m);
        return AlphaInfinity * m * m / z;
    }

    // The sum over powers of two of the empty registers' share; infinite where all are empty.
    private static double Sigma(double x)
    {
        if (x >= 1)
        {
            return double.PositiveInfinity;
        }

        var (y, z) = (1.0, x);
        for (var before = double.NaN; z != before;)
        {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        }

        return z;
    }

    // The same at the other end: of the registers that cannot grow.
    private static double Tau(double x)
    {
        if (x is <= 0 or >= 1)
        {
            return 0;
        }

        var (y, z) = (1.0, 1 - x);
        for (var before = double.NaN; z != before;)
        {
            x = Math.Sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }

        return z / 3;
    }
}
