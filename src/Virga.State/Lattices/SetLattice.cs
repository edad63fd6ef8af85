using System.Buffers;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Lattices.Dots;

namespace Virga.State.Lattices;

/// <summary>A set whose elements are added and removed anywhere; one that is added and removed at the same time stays. See <see cref="DotStore{T}"/>.</summary>
public sealed class SetLattice : Lattice
{
    /// <summary>A set that nobody has added to.</summary>
    public static readonly SetLattice Empty = new(DotStore<Presence>.Empty);

    private readonly DotStore<Presence> _store;

    private SetLattice(DotStore<Presence> store) => _store = store;

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Set;

    /// <summary>How many elements there are.</summary>
    public int Count => _store.Elements.Count;

    /// <summary>The elements, in the order of their bytes.</summary>
    public IEnumerable<Payload> Elements => _store.Elements.Keys;

    /// <inheritdoc/>
    public override int MemoryBytes => 24 + _store.MemoryBytes;

    /// <inheritdoc/>
    public override int EncodedBytes => 1 + _store.EncodedBytes;

    /// <summary>Whether an element is there.</summary>
    public bool Contains(Payload element) => _store.Elements.ContainsKey(element);

    /// <summary>What adding and removing elements adds to this set.</summary>
    /// <param name="added">Elements, each once, and none that is removed as well.</param>
    /// <param name="removed">Elements, each once.</param>
    /// <param name="replica">Who does it.</param>
    public SetLattice Delta(IReadOnlyList<Payload> added, IReadOnlyList<Payload> removed, ReplicaId replica) =>
        new(_store.Delta([.. added.Select(static element => (element, default(Presence)))], removed, replica));

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var set = SameKind<SetLattice>(other);
        var store = _store.Merge(set._store, null);
        return ReferenceEquals(store, _store) ? this : ReferenceEquals(store, set._store) ? set : new SetLattice(store);
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output) => _store.WriteTo(output);

    internal static SetLattice Read(ref ByteReader reader) => new(DotStore<Presence>.Read(ref reader));
}
