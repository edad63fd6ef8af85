using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Queries;

/// <summary><c>{"orderedSet":{"score":"a"}}</c></summary>
internal sealed class ScoreQuery(Payload member) : StateQuery
{
    public override void WriteAnswer(Utf8JsonWriter output, StateRecord? record)
    {
        if (Holding<OrderedSetLattice>(record, LatticeKind.OrderedSet)?.ScoreOf(member) is { } score)
        {
            output.WriteNumberValue(score);
        }
        else
        {
            output.WriteNullValue();
        }
    }
}
