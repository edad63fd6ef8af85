using System.Text.Json;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"orderedSet":{"add":[{"member":"a","score":1.5}],"remove":["b"]}}</c></summary>
internal sealed class OrderedSetUpdate(IReadOnlyList<RankedMember> scores, IReadOnlyList<Payload> removed) : StateUpdate
{
    public static OrderedSetUpdate Read(JsonPlace place)
    {
        var names = new ElementList();
        List<RankedMember> scores = [];
        List<Payload> removed = [];
        foreach (var (name, value) in place.Members())
        {
            switch (name)
            {
                case "add":
                    foreach (var item in value.Items())
                    {
                        scores.Add(ReadMember(item, names));
                    }

                    break;
                case "remove":
                    removed = names.Read(value);
                    break;
                default:
                    throw value.Refuse("only 'add' and 'remove' are known here.");
            }
        }

        return new OrderedSetUpdate(scores, removed);
    }

    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var set = ground.Require<OrderedSetLattice>(LatticeKind.OrderedSet) ?? OrderedSetLattice.Empty;
        var delta = set.Delta(scores, removed, context.Replica, ground.Next(context.Now));
        if (scores.Count > 0)
        {
            StateLimits.Check(set, delta.EncodedBytes);
        }

        return ground.Delta(delta, context);
    }

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged)
    {
        output.WriteStartObject();
        output.WriteNumber("size", Holding<OrderedSetLattice>(merged, LatticeKind.OrderedSet).Ranks.Count);
        output.WriteEndObject();
    }

    private static RankedMember ReadMember(JsonPlace place, ElementList names)
    {
        Payload? member = null;
        double? score = null;
        foreach (var (name, value) in place.Members())
        {
            switch (name)
            {
                case "member":
                    member = names.Name(ElementJson.Element(value), value);
                    break;
                case "score":
                    score = value.Number();
                    break;
                default:
                    throw value.Refuse("only 'member' and 'score' are known here.");
            }
        }

        return member is { } found && score is { } number ? new RankedMember(number, found) : throw place.Refuse("both 'member' and 'score' are expected.");
    }
}
