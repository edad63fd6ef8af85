using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"flag":true}</c></summary>
internal sealed class FlagUpdate : StateUpdate
{
    public static FlagUpdate Read(JsonPlace place) =>
        place.Boolean() ? new FlagUpdate() : throw place.Refuse("a flag is only ever set to true; delete the key to lower it.");

    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        ground.Require<FlagLattice>(LatticeKind.Flag);
        return ground.Delta(FlagLattice.Raised, context);
    }

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged)
    {
        Holding<FlagLattice>(merged, LatticeKind.Flag);
        output.WriteBooleanValue(true);
    }
}
