namespace Virga.Execution.Scaling;

/// <summary>How many generic instances of an environment are kept ready.</summary>
internal static class PoolSizing
{
    // Of Poisson arrivals, the demand during one start exceeds its mean by more than two deviations once in some 40 times.
    private const double Deviations = 2;

    /// <summary>
    /// A base stock: what is likely taken while one taken is replaced, and one more, within bounds.
    /// </summary>
    /// <param name="takesPerSecond">How often one is taken.</param>
    /// <param name="startDuration">How long a replacement takes to become ready, its wait for a turn included.</param>
    /// <param name="min">The least.</param>
    /// <param name="max">The most.</param>
    public static int Target(double takesPerSecond, TimeSpan startDuration, int min, int max)
    {
        var demand = takesPerSecond * startDuration.TotalSeconds;
        var stock = demand > 0 ? Math.Ceiling(demand + (Deviations * Math.Sqrt(demand))) + 1 : 0;
        return (int)Math.Clamp(stock, min, Math.Max(min, max));
    }
}
