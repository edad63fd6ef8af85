using System.Text;
using System.Text.Json;
using Virga.Core.Problems;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"map":{"put":{"f":1},"remove":["g"],"update":{"h":{"counter":{"increment":1}}}}}</c></summary>
internal sealed class MapUpdate(IReadOnlyList<KeyValuePair<string, StateMutation>> changes) : StateUpdate
{
    private static readonly DeleteMutation Removal = new();

    public static MapUpdate Read(JsonPlace place, int depth)
    {
        if (depth >= StateLimits.MaxMapDepth)
        {
            throw place.Refuse($"maps stand at most {StateLimits.MaxMapDepth} deep.");
        }

        var changes = new List<KeyValuePair<string, StateMutation>>();
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in place.Members())
        {
            switch (name)
            {
                case "put":
                    foreach (var (field, put) in value.Members())
                    {
                        Add(field, new PutMutation(ElementJson.Raw(put)), put);
                    }

                    break;
                case "update":
                    foreach (var (field, update) in value.Members())
                    {
                        Add(field, Of(update, depth + 1), update);
                    }

                    break;
                case "remove":
                    foreach (var field in value.Items())
                    {
                        Add(field.Text(), Removal, field);
                    }

                    break;
                default:
                    throw value.Refuse("only 'put', 'remove' and 'update' are known here.");
            }
        }

        return new MapUpdate(changes);

        void Add(string field, StateMutation mutation, JsonPlace at)
        {
            if (field.Length > StateLimits.MaxFieldBytes || Encoding.UTF8.GetByteCount(field) is 0 or > StateLimits.MaxFieldBytes)
            {
                throw at.Refuse($"a field has 1 to {StateLimits.MaxFieldBytes} bytes.");
            }

            changes.Add(named.Add(field) ? KeyValuePair.Create(field, mutation) : throw at.Refuse("the update names this field twice."));
        }
    }

    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var map = ground.Require<MapLattice>(LatticeKind.Map) ?? MapLattice.Empty;

        // What depends on what is a matter of keys: fields have no causality of their own.
        var within = context with { Dependencies = null };
        var fields = new List<KeyValuePair<string, StateRecord>>(changes.Count);
        var grows = false;
        foreach (var (field, mutation) in changes)
        {
            var known = map.Fields.GetValueOrDefault(field);
            if (mutation is DeleteMutation && known?.Value is null)
            {
                continue;
            }

            fields.Add(KeyValuePair.Create(field, DeltaOf(field, mutation, known, within)));
            grows |= mutation is not DeleteMutation;
        }

        var delta = MapLattice.Of(fields);
        if (grows)
        {
            StateLimits.Check(map, delta.EncodedBytes);
        }

        return ground.Delta(delta, context);
    }

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged)
    {
        output.WriteStartObject();
        output.WriteNumber("size", Holding<MapLattice>(merged, LatticeKind.Map).Count);
        output.WriteEndObject();
    }

    private static StateRecord DeltaOf(string field, StateMutation mutation, StateRecord? known, in MutationContext context)
    {
        try
        {
            return mutation.Delta(known, context);
        }
        catch (ProblemException e)
        {
            throw new ProblemException(e.Problem with { Detail = $"Field '{Core.Names.ResourceName.Shorten(field)}': {e.Problem.Detail}" });
        }
    }
}
