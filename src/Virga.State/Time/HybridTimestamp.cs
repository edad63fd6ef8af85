using System.Globalization;

namespace Virga.State.Time;

/// <summary>
/// A reading of a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): Unix milliseconds in the upper 48 bits, a logical counter in the
/// lower 16, so that it compares as one number.
/// </summary>
/// <param name="Value">Both parts.</param>
public readonly record struct HybridTimestamp(ulong Value) : IComparable<HybridTimestamp>
{
    /// <summary>How many logical ticks fit into one millisecond.</summary>
    public const int LogicalBits = 16;

    /// <summary>Before all others.</summary>
    public static HybridTimestamp Zero => default;

    /// <summary>The reading of a moment, with a logical part of 0.</summary>
    public static HybridTimestamp At(long unixMilliseconds) => new((ulong)unixMilliseconds << LogicalBits);

    /// <summary>The physical part.</summary>
    public long UnixMilliseconds => (long)(Value >> LogicalBits);

    /// <inheritdoc/>
    public int CompareTo(HybridTimestamp other) => Value.CompareTo(other.Value);

    /// <summary>The later of two.</summary>
    public static HybridTimestamp Max(HybridTimestamp a, HybridTimestamp b) => a.Value >= b.Value ? a : b;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{UnixMilliseconds}.{Value & ((1 << LogicalBits) - 1)}");

    /// <summary>Whether it is earlier.</summary>
    public static bool operator <(HybridTimestamp left, HybridTimestamp right) => left.Value < right.Value;

    /// <summary>Whether it is earlier, or the same.</summary>
    public static bool operator <=(HybridTimestamp left, HybridTimestamp right) => left.Value <= right.Value;

    /// <summary>Whether it is later.</summary>
    public static bool operator >(HybridTimestamp left, HybridTimestamp right) => left.Value > right.Value;

    /// <summary>Whether it is later, or the same.</summary>
    public static bool operator >=(HybridTimestamp left, HybridTimestamp right) => left.Value >= right.Value;
}
