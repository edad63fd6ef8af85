using System.Text.Json;
using Virga.Core.Problems;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Queries.Sketches;
using Virga.State.Records;
using Virga.State.Updates;

namespace Virga.State.Queries;

/// <summary>A question about part of what a key holds (<c>docs/state.md</c>, "Queries").</summary>
public abstract class StateQuery
{
    /// <summary>Reads a query.</summary>
    /// <exception cref="ProblemException"><c>invalid-update</c>.</exception>
    public static StateQuery Parse(ReadOnlyMemory<byte> json)
    {
        using var document = JsonPlace.Parse(json);
        var place = new JsonPlace(document.RootElement, "$");
        var argument = place.Only(out var name);
        return name switch
        {
            "set" => OfElements(LatticeKind.Set, argument),
            "growSet" => OfElements(LatticeKind.GrowSet, argument),
            "orderedSet" => OfMembers(argument),
            "map" => OfFields(argument),
            "log" => OfEntries(argument),
            "hyperLogLog" => SketchQueries.HyperLogLog(argument),
            "countMin" => SketchQueries.CountMin(argument),
            "quantiles" => SketchQueries.Quantiles(argument),
            "topK" => SketchQueries.TopK(argument),
            "bloom" => SketchQueries.Bloom(argument),
            "theta" => SketchQueries.Theta(argument),
            "reservoir" => SketchQueries.Reservoir(argument),
            _ => throw place.Refuse($"there is no query '{Core.Names.ResourceName.Shorten(name)}'."),
        };
    }

    /// <summary>Writes the answer.</summary>
    /// <param name="output">Takes one JSON value.</param>
    /// <param name="record">What the key holds; null, and one without a value, are a key that does not exist. Whoever calls has looked at its expiry.</param>
    /// <exception cref="ProblemException"><c>state-kind-mismatch</c>.</exception>
    public abstract void WriteAnswer(Utf8JsonWriter output, StateRecord? record);

    /// <summary>The same as a value.</summary>
    public Payload AnswerOf(StateRecord? record) => StateJson.ToPayload((this, record), static (output, of) => of.Item1.WriteAnswer(output, of.record));

    /// <summary>What a key holds, as the kind that the query is about; null when it does not exist.</summary>
    private protected static T? Holding<T>(StateRecord? record, LatticeKind kind)
        where T : Lattice =>
        record?.Value is { } value ? value as T ?? throw MutationGround.KindMismatch(value.Kind, kind) : null;

    private static bool IsSize(JsonPlace place) => place.Element.ValueKind == JsonValueKind.String && place.Element.ValueEquals("size"u8);

    private static StateQuery OfElements(LatticeKind kind, JsonPlace place)
    {
        if (IsSize(place))
        {
            return new SizeQuery(kind);
        }

        var element = place.Only(out var name);
        return name == "has" ? new HasQuery(kind, ElementJson.Element(element)) : throw place.Refuse("\"size\" or {\"has\":ELEMENT} is expected.");
    }

    private static StateQuery OfMembers(JsonPlace place)
    {
        if (IsSize(place))
        {
            return new SizeQuery(LatticeKind.OrderedSet);
        }

        var asksForScore = place.Element.ValueKind == JsonValueKind.Object && place.Element.TryGetProperty("score"u8, out _);
        return asksForScore ? new ScoreQuery(ElementJson.Element(place.Only(out _))) : RangeQuery.Read(place);
    }

    private static StateQuery OfFields(JsonPlace place)
    {
        if (IsSize(place))
        {
            return new SizeQuery(LatticeKind.Map);
        }

        var field = place.Only(out var name);
        return name == "get" ? new FieldQuery(field.Text()) : throw place.Refuse("\"size\" or {\"get\":FIELD} is expected.");
    }

    private static StateQuery OfEntries(JsonPlace place)
    {
        if (IsSize(place))
        {
            return new SizeQuery(LatticeKind.Log);
        }

        var count = place.Only(out var name);
        return name == "last" ? new LastQuery(count.Integer(0, StateLimits.MaxLogEntries)) : throw place.Refuse("\"size\" or {\"last\":NUMBER} is expected.");
    }
}
