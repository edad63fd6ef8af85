using System.Runtime.InteropServices;
using Virga.State.Keys;

namespace Virga.State.Lattices.Dots;

/// <summary>Names one update of one replica: its first, its second, and so on.</summary>
/// <param name="Replica">Who made it.</param>
/// <param name="Count">Which one, from 1.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Dot(ReplicaId Replica, ulong Count) : IComparable<Dot>
{
    public int CompareTo(Dot other)
    {
        var order = Replica.CompareTo(other.Replica);
        return order != 0 ? order : Count.CompareTo(other.Count);
    }

    public static bool operator <(Dot left, Dot right) => left.CompareTo(right) < 0;

    public static bool operator <=(Dot left, Dot right) => left.CompareTo(right) <= 0;

    public static bool operator >(Dot left, Dot right) => left.CompareTo(right) > 0;

    public static bool operator >=(Dot left, Dot right) => left.CompareTo(right) >= 0;
}
