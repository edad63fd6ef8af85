using System.Buffers;

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

    /// <summary>The least upper bound of both. Gives <c>this</c> where the other adds nothing.</summary>
    /// <exception cref="InvalidOperationException">The other is of another kind.</exception>
    public abstract Lattice Merge(Lattice other);

    /// <summary>Writes all but the kind; <see cref="LatticeEncoding"/> reads it back.</summary>
    protected internal abstract void WriteTo(IBufferWriter<byte> output);
}
