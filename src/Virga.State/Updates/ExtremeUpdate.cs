using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"max":5}</c>, <c>{"min":5}</c></summary>
internal sealed class ExtremeUpdate(LatticeKind kind, double number) : StateUpdate
{
    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        if (kind == LatticeKind.Max)
        {
            ground.Require<MaxLattice>(kind);
            return ground.Delta(new MaxLattice(number), context);
        }

        ground.Require<MinLattice>(kind);
        return ground.Delta(new MinLattice(number), context);
    }

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged) =>
        output.WriteNumberValue(kind == LatticeKind.Max ? Holding<MaxLattice>(merged, kind).Value : Holding<MinLattice>(merged, kind).Value);
}
