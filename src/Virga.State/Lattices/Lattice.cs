using System.Buffers;
using Virga.State.Binary;

namespace Virga.State.Lattices;

/// <summary>
/// A value that merges with every other of its kind: merging is associative, commutative and idempotent, so that replicas which have seen the same
/// updates are equal, whatever the order. Immutable: whoever holds one may keep it as a snapshot.
/// </summary>
public abstract class Lattice
{
    /// <summary>What it is.</summary>
    public abstract LatticeKind Kind { get; }

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public abstract int MemoryBytes { get; }

    /// <summary>The size of its binary form in bytes, or a little more; what <see cref="Mutations.StateLimits.MaxValueBytes"/> is held against.</summary>
    public abstract int EncodedBytes { get; }

    /// <summary>The least upper bound of both. Gives <c>this</c> where the other adds nothing.</summary>
    /// <exception cref="InvalidOperationException">The other is of another kind.</exception>
    public abstract Lattice Merge(Lattice other);

    /// <summary>Writes all but the kind; <see cref="LatticeEncoding"/> reads it back.</summary>
    protected internal abstract void WriteTo(IBufferWriter<byte> output);

    /// <summary>The other one, as one of this kind.</summary>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    private protected T SameKind<T>(Lattice other)
        where T : Lattice =>
        other as T ?? throw new InvalidOperationException($"A {Kind} cannot merge with a {other.Kind}.");
}
