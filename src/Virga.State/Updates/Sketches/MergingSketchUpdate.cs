using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary>An update of a sketch that is a lattice by itself.</summary>
internal abstract class MergingSketchUpdate<TSketch>(LatticeKind kind, int added, IReadOnlyList<TSketch> merged) : SketchUpdate(kind, added + merged.Count)
    where TSketch : class, ISketch<TSketch>
{
    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var known = ground.Require<SketchLattice<TSketch>>(Kind);
        if (known is not null)
        {
            CheckSize(known.Sketch);
        }

        var addition = Addition(known?.Sketch ?? Begin(), context);
        foreach (var sketch in merged)
        {
            addition = addition.Merge(sketch);
        }

        var delta = new SketchLattice<TSketch>(Kind, addition);
        if (!IsEmpty)
        {
            StateLimits.Check(known, delta.EncodedBytes);
        }

        return ground.Delta(delta, context);
    }

    /// <summary>A sketch of the size that is said, or of the usual one.</summary>
    protected abstract TSketch Begin();

    /// <summary>Refuses another size than the sketch has.</summary>
    protected abstract void CheckSize(TSketch held);

    /// <summary>The least that adds to the sketch.</summary>
    protected abstract TSketch Addition(TSketch held, in MutationContext context);
}
