using Virga.State.Time;

namespace Virga.State.Records;

/// <summary>When a value goes by itself; the setting that was made last holds.</summary>
/// <param name="SetAt">When it was set.</param>
/// <param name="At">Unix milliseconds; <see cref="Never"/> when an earlier expiry was taken back.</param>
public sealed record Expiry(HybridTimestamp SetAt, long At)
{
    /// <summary>The value stays.</summary>
    public const long Never = long.MaxValue;

    /// <summary>The least upper bound: the later setting, of two of one time the longer.</summary>
    public static Expiry? Merge(Expiry? a, Expiry? b)
    {
        if (a is null || b is null)
        {
            return a ?? b;
        }

        var order = a.SetAt.CompareTo(b.SetAt);
        return order > 0 || (order == 0 && a.At >= b.At) ? a : b;
    }
}
