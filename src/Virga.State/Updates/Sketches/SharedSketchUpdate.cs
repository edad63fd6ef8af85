using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary>An update of a sketch of which each replica has a share: it adds to the writer's own.</summary>
internal abstract class SharedSketchUpdate<TSketch>(LatticeKind kind, int added) : SketchUpdate(kind, added)
    where TSketch : class, ISketch<TSketch>
{
    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var known = ground.Require<SharedSketchLattice<TSketch>>(Kind);
        if (IsEmpty)
        {
            return ground.Delta(SharedSketchLattice<TSketch>.Empty(Kind), context);
        }

        // One's own share keeps its size; a new one takes that of the others, so that all have one unless they began at the same time.
        var own = known?.ShareOf(context.Replica);
        var like = own ?? (known is { Sketches: [var first, ..] } ? first : null);
        if (like is not null)
        {
            CheckSize(like);
        }

        var share = Addition(own ?? Begin(like), context);
        var delta = SharedSketchLattice<TSketch>.Of(Kind, context.Replica, share);
        StateLimits.Check(known, delta.EncodedBytes);
        return ground.Delta(delta, context);
    }

    /// <summary>An empty share: like another, or of the size that is said, or of the usual one.</summary>
    protected abstract TSketch Begin(TSketch? like);

    /// <summary>Refuses another size than the sketch has.</summary>
    protected abstract void CheckSize(TSketch held);

    /// <summary>The least that adds to the share.</summary>
    protected abstract TSketch Addition(TSketch own, in MutationContext context);
}
