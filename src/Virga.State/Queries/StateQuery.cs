using System.Text.Json;
using Virga.Core.Problems;
using Virga.State.Json;
using Virga.State.Lattices;
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
        place.Only(out var name);
        return name switch
        {
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
}
