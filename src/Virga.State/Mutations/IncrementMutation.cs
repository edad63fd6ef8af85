using Virga.Core.Problems;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Mutations;

/// <summary>Adds to a counter.</summary>
/// <param name="amount">How much; may be negative.</param>
public sealed class IncrementMutation(long amount) : StateMutation
{
    /// <inheritdoc/>
    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var counter = ground.Require<CounterLattice>(LatticeKind.Counter) ?? CounterLattice.Zero;
        if (amount == 0)
        {
            return ground.Delta(CounterLattice.Zero, context);
        }

        var share = counter.ShareOf(context.Replica);
        var magnitude = amount > 0 ? (ulong)amount : unchecked((ulong)-amount);
        var sum = (amount > 0 ? share.Up : share.Down) + (UInt128)magnitude;
        if (sum > ulong.MaxValue || (Int128)counter.Value + amount is var value && (value > long.MaxValue || value < long.MinValue))
        {
            throw new ProblemException(KnownProblems.InvalidUpdate($"The counter stands at {counter.Value} and has no room for {amount} more: it has 64 bits."));
        }

        return ground.Delta(CounterLattice.Of(amount > 0 ? share with { Up = (ulong)sum } : share with { Down = (ulong)sum }), context);
    }

    /// <summary>The number that a key holds after an increment.</summary>
    /// <exception cref="ProblemException"><c>state-kind-mismatch</c>: another node has begun another kind of value there at the same time, and that one holds.</exception>
    public static long ValueOf(StateRecord? record) => record?.Value switch
    {
        null => 0,
        CounterLattice counter => counter.Value,
        var other => throw MutationGround.KindMismatch(other.Kind, LatticeKind.Counter),
    };
}
