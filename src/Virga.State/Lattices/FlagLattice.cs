using System.Buffers;

namespace Virga.State.Lattices;

/// <summary>True for good: a key that is not there is the false one.</summary>
public sealed class FlagLattice : Lattice
{
    /// <summary>The only one.</summary>
    public static readonly FlagLattice Raised = new();

    private FlagLattice()
    {
    }

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Flag;

    /// <inheritdoc/>
    public override int MemoryBytes => 0;

    /// <inheritdoc/>
    public override int EncodedBytes => 1;

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        _ = SameKind<FlagLattice>(other);
        return this;
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        // The kind says it all.
    }
}
