using System.Runtime.InteropServices;

namespace Virga.State.Lattices;

/// <summary>A member of an ordered set.</summary>
/// <param name="Score">By what it is ordered; of one score, by the member's bytes.</param>
/// <param name="Member">The member.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RankedMember(double Score, Payload Member) : IComparable<RankedMember>
{
    /// <inheritdoc/>
    public int CompareTo(RankedMember other)
    {
        var order = Score.CompareTo(other.Score);
        return order != 0 ? order : Member.CompareTo(other.Member);
    }

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <(RankedMember left, RankedMember right) => left.CompareTo(right) < 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <=(RankedMember left, RankedMember right) => left.CompareTo(right) <= 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >(RankedMember left, RankedMember right) => left.CompareTo(right) > 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >=(RankedMember left, RankedMember right) => left.CompareTo(right) >= 0;
}
