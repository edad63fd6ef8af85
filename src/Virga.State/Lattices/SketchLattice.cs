using System.Buffers;
using Virga.State.Binary;
using Virga.State.Sketches;

namespace Virga.State.Lattices;

/// <summary>A sketch that is a lattice by itself: who added what makes no difference, and adding twice is the same as once.</summary>
/// <typeparam name="TSketch">The sketch.</typeparam>
/// <param name="kind">What it is.</param>
/// <param name="sketch">The sketch.</param>
public sealed class SketchLattice<TSketch>(LatticeKind kind, TSketch sketch) : Lattice
    where TSketch : class, ISketch<TSketch>
{
    /// <inheritdoc/>
    public override LatticeKind Kind => kind;

    /// <summary>The sketch.</summary>
    public TSketch Sketch => sketch;

    /// <inheritdoc/>
    public override int MemoryBytes => 32 + sketch.MemoryBytes;

    /// <inheritdoc/>
    public override int EncodedBytes => sketch.EncodedBytes;

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var theirs = SameKind<SketchLattice<TSketch>>(other);
        var merged = sketch.Merge(theirs.Sketch);
        return ReferenceEquals(merged, sketch) ? this : ReferenceEquals(merged, theirs.Sketch) ? other : new SketchLattice<TSketch>(kind, merged);
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output) => sketch.WriteTo(output);

    internal static SketchLattice<TSketch> Read(LatticeKind kind, ref ByteReader reader) => new(kind, TSketch.Read(ref reader));
}
