using System.Runtime.InteropServices;

namespace Virga.State.Sketches;

/// <summary>A number that is estimated, with bounds that hold in 95 of 100 cases: two standard deviations.</summary>
/// <param name="Value">The likeliest number.</param>
/// <param name="Low">Hardly less than this.</param>
/// <param name="High">Hardly more than this.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Estimate(double Value, double Low, double High)
{
    /// <summary>An estimate of a relative standard error.</summary>
    public static Estimate Of(double value, double relativeError, double atLeast = 0) =>
        new(value, Math.Max(atLeast, value * (1 - (2 * relativeError))), value * (1 + (2 * relativeError)));
}
