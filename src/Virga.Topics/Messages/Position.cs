using System.Runtime.InteropServices;

namespace Virga.Topics.Messages;

/// <summary>The place of an entry in a topic: its ledger and its place in that.</summary>
/// <param name="Ledger">The ledger's number.</param>
/// <param name="Entry">The entry, from 0; -1 for "before the ledger's first".</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Position(long Ledger, long Entry) : IComparable<Position>
{
    /// <summary>Before everything.</summary>
    public static Position Earliest { get; } = new(-1, -1);

    /// <summary>Behind everything.</summary>
    public static Position Latest { get; } = new(long.MaxValue, long.MaxValue);

    /// <inheritdoc/>
    public int CompareTo(Position other) => Ledger != other.Ledger ? Ledger.CompareTo(other.Ledger) : Entry.CompareTo(other.Entry);

    /// <inheritdoc/>
    public override string ToString() => $"{Ledger}:{Entry}";

    /// <summary>Order in the topic.</summary>
    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;

    /// <summary>Order in the topic.</summary>
    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;

    /// <summary>Order in the topic.</summary>
    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;

    /// <summary>Order in the topic.</summary>
    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;
}
