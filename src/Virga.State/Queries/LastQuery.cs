using System.Text.Json;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Queries;

/// <summary><c>{"log":{"last":10}}</c></summary>
internal sealed class LastQuery(int count) : StateQuery
{
    public override void WriteAnswer(Utf8JsonWriter output, StateRecord? record)
    {
        output.WriteStartArray();
        foreach (var entry in Holding<LogLattice>(record, LatticeKind.Log)?.Last(count) ?? [])
        {
            StateJson.Write(output, entry);
        }

        output.WriteEndArray();
    }
}
