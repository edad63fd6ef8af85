using System.Globalization;

namespace Virga.State.Keys;

/// <summary>
/// Names one writer of lattices for good: a node's data folder. It is random, kept in that folder, and a node never shows others an update that its own log could
/// still lose, so that a node which restarts goes on where it was and never gives one of its counts twice.
/// </summary>
/// <param name="Value">The number; 0 is nobody's.</param>
public readonly record struct ReplicaId(ulong Value) : IComparable<ReplicaId>
{
    /// <inheritdoc/>
    public int CompareTo(ReplicaId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Numerical order.</summary>
    public static bool operator <(ReplicaId left, ReplicaId right) => left.Value < right.Value;

    /// <summary>Numerical order.</summary>
    public static bool operator <=(ReplicaId left, ReplicaId right) => left.Value <= right.Value;

    /// <summary>Numerical order.</summary>
    public static bool operator >(ReplicaId left, ReplicaId right) => left.Value > right.Value;

    /// <summary>Numerical order.</summary>
    public static bool operator >=(ReplicaId left, ReplicaId right) => left.Value >= right.Value;
}
