using System.Buffers;
using System.Collections.Immutable;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Lattices.Dots;
using Virga.State.Time;

namespace Virga.State.Lattices;

/// <summary>
/// Members with scores, in the order of the scores. Of two scores that one member was given at the same time the later holds; a member that is removed and given a score at
/// the same time stays. See <see cref="DotStore{T}"/>.
/// </summary>
public sealed class OrderedSetLattice : Lattice
{
    /// <summary>A set that nobody has added to.</summary>
    public static readonly OrderedSetLattice Empty = new(DotStore<Score>.Empty, ImmutableSortedSet<RankedMember>.Empty);

    private readonly DotStore<Score> _store;

    private OrderedSetLattice(DotStore<Score> store, ImmutableSortedSet<RankedMember> ranks)
    {
        _store = store;
        Ranks = ranks;
    }

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.OrderedSet;

    /// <summary>The members by rank, the lowest score first.</summary>
    public ImmutableSortedSet<RankedMember> Ranks { get; }

    /// <inheritdoc/>
    public override int MemoryBytes => 48 + _store.MemoryBytes + (Ranks.Count * 88);

    /// <inheritdoc/>
    public override int EncodedBytes => 1 + _store.EncodedBytes;

    /// <summary>A member's score; null when it is none.</summary>
    public double? ScoreOf(Payload member) => _store.Elements.TryGetValue(member, out var tags) ? Standing(tags) : null;

    /// <summary>What setting scores and removing members adds to this set.</summary>
    /// <param name="scores">Members with finite scores, each once, and none that is removed as well.</param>
    /// <param name="removed">Members, each once.</param>
    /// <param name="replica">Who does it.</param>
    /// <param name="now">When.</param>
    public OrderedSetLattice Delta(IReadOnlyList<RankedMember> scores, IReadOnlyList<Payload> removed, ReplicaId replica, HybridTimestamp now) =>
        Of(_store.Delta([.. scores.Select(ranked => (ranked.Member, new Score(ranked.Score, now)))], removed, replica));

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var set = SameKind<OrderedSetLattice>(other);
        if (set._store.Elements.Count > _store.Elements.Count && !ReferenceEquals(_store.Context.Merge(set._store.Context), _store.Context))
        {
            // The smaller into the larger. The result is not this one in any case, since the other has seen more.
            return set.MergeIn(this);
        }

        return MergeIn(set);
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output) => _store.WriteTo(output);

    internal static OrderedSetLattice Read(ref ByteReader reader) => Of(DotStore<Score>.Read(ref reader));

    private static OrderedSetLattice Of(DotStore<Score> store)
    {
        var ranks = ImmutableSortedSet.CreateBuilder<RankedMember>();
        foreach (var (member, tags) in store.Elements)
        {
            ranks.Add(new RankedMember(Standing(tags), member));
        }

        return new OrderedSetLattice(store, ranks.ToImmutable());
    }

    private OrderedSetLattice MergeIn(OrderedSetLattice other)
    {
        var changed = new List<Payload>();
        var store = _store.Merge(other._store, changed);
        if (ReferenceEquals(store, _store))
        {
            return this;
        }

        var ranks = Ranks.ToBuilder();
        foreach (var member in changed)
        {
            // A member may have changed twice; then the second time finds what the first has left.
            if (ScoreOf(member) is { } before)
            {
                ranks.Remove(new RankedMember(before, member));
            }

            if (store.Elements.TryGetValue(member, out var tags))
            {
                ranks.Add(new RankedMember(Standing(tags), member));
            }
        }

        return new OrderedSetLattice(store, ranks.ToImmutable());
    }

    // The score that was set last; of one time, that of the greater replica.
    private static double Standing(Tagged<Score>[] tags)
    {
        var last = tags[0];
        foreach (var tag in tags)
        {
            last = tag.Value.At.CompareTo(last.Value.At) >= 0 ? tag : last;
        }

        return last.Value.Value;
    }
}
