using System.Collections.Immutable;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Lattices;

/// <summary>One value of a causal register with its place among the others.</summary>
/// <param name="Clock">The updates that it includes: what its writer had seen of the key, and the write itself.</param>
/// <param name="Timestamp">When it was written: says nothing of cause and effect, but which of several siblings is the newest.</param>
/// <param name="Dependencies">What its writer had seen of other keys.</param>
/// <param name="Payload">The value.</param>
public sealed record CausalVersion(VectorClock Clock, HybridTimestamp Timestamp, ImmutableSortedDictionary<string, VectorClock> Dependencies, Payload Payload) : IComparable<CausalVersion>
{
    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public int MemoryBytes => 96 + Payload.Bytes.Length + Clock.MemoryBytes + Causality.SizeOf(Dependencies);

    /// <summary>Whether this one was written in knowledge of the other.</summary>
    public bool Replaces(CausalVersion other) => Clock.Includes(other.Clock) && !Clock.Equals(other.Clock);

    /// <summary>The newest first; of one time, by their contents, so that every node has one order.</summary>
    public int CompareTo(CausalVersion? other)
    {
        if (other is null)
        {
            return -1;
        }

        var order = other.Timestamp.CompareTo(Timestamp);
        order = order != 0 ? order : Payload.Bytes.Span.SequenceCompareTo(other.Payload.Bytes.Span);
        order = order != 0 ? order : Clock.CompareContent(other.Clock);
        return order != 0 ? order : CompareDependencies(other);
    }

    /// <inheritdoc/>
    public bool Equals(CausalVersion? other) => ReferenceEquals(this, other) || (other is not null && CompareTo(other) == 0);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Timestamp, Clock, Payload);

    private int CompareDependencies(CausalVersion other)
    {
        if (ReferenceEquals(Dependencies, other.Dependencies))
        {
            return 0;
        }

        var order = Dependencies.Count.CompareTo(other.Dependencies.Count);
        using var theirs = other.Dependencies.GetEnumerator();
        foreach (var (key, clock) in Dependencies)
        {
            if (order != 0 || !theirs.MoveNext())
            {
                return order;
            }

            order = string.CompareOrdinal(key, theirs.Current.Key);
            order = order != 0 ? order : clock.CompareContent(theirs.Current.Value);
        }

        return order;
    }

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <(CausalVersion left, CausalVersion right) => left.CompareTo(right) < 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <=(CausalVersion left, CausalVersion right) => left.CompareTo(right) <= 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >(CausalVersion left, CausalVersion right) => left.CompareTo(right) > 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >=(CausalVersion left, CausalVersion right) => left.CompareTo(right) >= 0;
}
