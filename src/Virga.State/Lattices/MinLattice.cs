using System.Buffers;
using Virga.State.Binary;

namespace Virga.State.Lattices;

/// <summary>The least number ever put.</summary>
/// <param name="value">The number: finite, and not the negative zero.</param>
public sealed class MinLattice(double value) : Lattice
{
    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Min;

    /// <summary>The number.</summary>
    public double Value { get; } = value;

    /// <inheritdoc/>
    public override int MemoryBytes => 24;

    /// <inheritdoc/>
    public override int EncodedBytes => 9;

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other) => SameKind<MinLattice>(other).Value < Value ? other : this;

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output) => output.WriteDouble(Value);
}
