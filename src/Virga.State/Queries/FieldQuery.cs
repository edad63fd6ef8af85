using System.Text.Json;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Queries;

/// <summary><c>{"map":{"get":"f"}}</c></summary>
internal sealed class FieldQuery(string field) : StateQuery
{
    public override void WriteAnswer(Utf8JsonWriter output, StateRecord? record) =>
        StateJson.Write(output, Holding<MapLattice>(record, LatticeKind.Map)?.Fields.GetValueOrDefault(field));
}
