using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"growSet":{"add":["a"]}}</c></summary>
internal sealed class GrowSetUpdate(IReadOnlyList<Payload> added) : StateUpdate
{
    private int _new;

    public static GrowSetUpdate Read(JsonPlace place)
    {
        var elements = place.Only(out var name);
        return name == "add" ? new GrowSetUpdate(new ElementList().Read(elements)) : throw place.Refuse("{\"add\":[…]} is expected: nothing else is done to a growSet.");
    }

    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var set = ground.Require<GrowSetLattice>(LatticeKind.GrowSet) ?? GrowSetLattice.Empty;
        var delta = GrowSetLattice.Of(added.Where(element => !set.Elements.Contains(element)));
        if (delta.Elements.Count > 0)
        {
            StateLimits.Check(set, delta.EncodedBytes);
        }

        _new = delta.Elements.Count;
        return ground.Delta(delta, context);
    }

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged)
    {
        output.WriteStartObject();
        output.WriteNumber("size", Holding<GrowSetLattice>(merged, LatticeKind.GrowSet).Elements.Count);
        output.WriteNumber("added", _new);
        output.WriteEndObject();
    }
}
