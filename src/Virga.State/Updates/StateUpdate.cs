using System.Text.Json;
using Virga.Core.Problems;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Updates.Sketches;

namespace Virga.State.Updates;

/// <summary>
/// A mutation as users write it, in JSON (<c>docs/state.md</c>, "Updates"), with what it gives them. One object is for one application: it may be worked out several times,
/// and what it gives is of the last time.
/// </summary>
public abstract class StateUpdate : StateMutation
{
    /// <summary>Reads an update.</summary>
    /// <exception cref="ProblemException"><c>invalid-update</c>, <c>value-too-large</c>.</exception>
    public static StateUpdate Parse(ReadOnlyMemory<byte> json)
    {
        using var document = JsonPlace.Parse(json);
        return Of(new JsonPlace(document.RootElement, "$"), depth: 0);
    }

    /// <summary>Writes what the update gives, after it was carried out.</summary>
    /// <param name="output">Takes one JSON value.</param>
    /// <param name="merged">What the key holds then.</param>
    /// <exception cref="ProblemException"><c>state-kind-mismatch</c>: another node has begun another kind of value there at the same time, and that one holds.</exception>
    public abstract void WriteResult(Utf8JsonWriter output, StateRecord merged);

    /// <summary>The same as a value.</summary>
    public Payload ResultOf(StateRecord merged) => StateJson.ToPayload((this, merged), static (output, of) => of.Item1.WriteResult(output, of.merged));

    /// <summary>The update at a place, so many maps deep.</summary>
    internal static StateUpdate Of(JsonPlace place, int depth)
    {
        var argument = place.Only(out var name);
        return name switch
        {
            "lww" => LwwUpdate.Read(argument),
            "counter" => CounterUpdate.Read(argument),
            "set" => SetUpdate.Read(argument),
            "growSet" => GrowSetUpdate.Read(argument),
            "orderedSet" => OrderedSetUpdate.Read(argument),
            "map" => MapUpdate.Read(argument, depth),
            "max" => new ExtremeUpdate(LatticeKind.Max, argument.Number()),
            "min" => new ExtremeUpdate(LatticeKind.Min, argument.Number()),
            "flag" => FlagUpdate.Read(argument),
            "log" => LogUpdate.Read(argument),
            "hyperLogLog" => HyperLogLogUpdate.Read(argument),
            "countMin" => CountMinUpdate.Read(argument),
            "quantiles" => QuantilesUpdate.Read(argument),
            "topK" => TopKUpdate.Read(argument),
            "bloom" => BloomUpdate.Read(argument),
            "theta" => ThetaUpdate.Read(argument),
            "reservoir" => ReservoirUpdate.Read(argument),
            _ => throw place.Refuse($"there is no update '{Core.Names.ResourceName.Shorten(name)}'."),
        };
    }

    /// <summary>What a key holds, as the kind that the update was about.</summary>
    private protected static T Holding<T>(StateRecord merged, LatticeKind kind)
        where T : Lattice =>
        merged.Value as T ?? throw (merged.Value is { } other
            ? MutationGround.KindMismatch(other.Kind, kind)
            : new ProblemException(KnownProblems.Conflict("The key was deleted by another node at the same time.", "Repeat the update, if it is still meant.")));
}
