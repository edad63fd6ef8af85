using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"set":{"add":["a"],"remove":["b"]}}</c></summary>
internal sealed class SetUpdate(IReadOnlyList<Payload> added, IReadOnlyList<Payload> removed) : StateUpdate
{
    private int _new;
    private int _gone;

    public static SetUpdate Read(JsonPlace place)
    {
        var names = new ElementList();
        List<Payload> added = [], removed = [];
        foreach (var (name, value) in place.Members())
        {
            switch (name)
            {
                case "add":
                    added = names.Read(value);
                    break;
                case "remove":
                    removed = names.Read(value);
                    break;
                default:
                    throw value.Refuse("only 'add' and 'remove' are known here.");
            }
        }

        return new SetUpdate(added, removed);
    }

    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var set = ground.Require<SetLattice>(LatticeKind.Set) ?? SetLattice.Empty;
        var delta = set.Delta(added, removed, context.Replica);
        if (added.Count > 0)
        {
            StateLimits.Check(set, delta.EncodedBytes);
        }

        _new = added.Count(element => !set.Contains(element));
        _gone = removed.Count(set.Contains);
        return ground.Delta(delta, context);
    }

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged)
    {
        output.WriteStartObject();
        output.WriteNumber("size", Holding<SetLattice>(merged, LatticeKind.Set).Count);
        output.WriteNumber("added", _new);
        output.WriteNumber("removed", _gone);
        output.WriteEndObject();
    }
}
