using System.Text.Json;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Updates;

namespace Virga.State.Queries;

/// <summary><c>{"orderedSet":{"range":[0,9],"reverse":false}}</c></summary>
internal sealed class RangeQuery(long first, long last, bool reverse) : StateQuery
{
    public static RangeQuery Read(JsonPlace place)
    {
        List<long>? range = null;
        var reverse = false;
        foreach (var (name, value) in place.Members())
        {
            switch (name)
            {
                case "range":
                    range = [.. value.Items().Select(static item => item.Integer())];
                    break;
                case "reverse":
                    reverse = value.Boolean();
                    break;
                default:
                    throw value.Refuse("only 'range' and 'reverse' are known here.");
            }
        }

        return range is [var first, var last] ? new RangeQuery(first, last, reverse) : throw place.Refuse("a range of two ranks is expected.");
    }

    public override void WriteAnswer(Utf8JsonWriter output, StateRecord? record)
    {
        var ranks = Holding<OrderedSetLattice>(record, LatticeKind.OrderedSet)?.Ranks ?? [];
        output.WriteStartArray();
        var (from, to) = (Math.Max(0, FromEnd(first, ranks.Count)), Math.Min(ranks.Count - 1, FromEnd(last, ranks.Count)));
        for (var rank = from; rank <= to; rank++)
        {
            StateJson.Write(output, ranks[(int)(reverse ? ranks.Count - 1 - rank : rank)]);
        }

        output.WriteEndArray();
    }

    private static long FromEnd(long rank, int count) => rank < 0 ? rank + count : rank;
}
