using System.Runtime.InteropServices;
using Virga.State.Keys;
using Virga.State.Time;

namespace Virga.State.Lattices;

/// <summary>Where an entry stands in a log.</summary>
/// <param name="At">When it was appended.</param>
/// <param name="Replica">By whom.</param>
/// <param name="Sequence">Which one of those that were appended together.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LogPosition(HybridTimestamp At, ReplicaId Replica, ulong Sequence) : IComparable<LogPosition>
{
    /// <inheritdoc/>
    public int CompareTo(LogPosition other)
    {
        var order = At.CompareTo(other.At);
        order = order != 0 ? order : Replica.CompareTo(other.Replica);
        return order != 0 ? order : Sequence.CompareTo(other.Sequence);
    }

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <(LogPosition left, LogPosition right) => left.CompareTo(right) < 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <=(LogPosition left, LogPosition right) => left.CompareTo(right) <= 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >(LogPosition left, LogPosition right) => left.CompareTo(right) > 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >=(LogPosition left, LogPosition right) => left.CompareTo(right) >= 0;
}
