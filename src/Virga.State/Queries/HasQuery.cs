using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Queries;

/// <summary><c>{"set":{"has":"a"}}</c>, <c>{"growSet":{"has":"a"}}</c></summary>
internal sealed class HasQuery(LatticeKind kind, Payload element) : StateQuery
{
    public override void WriteAnswer(Utf8JsonWriter output, StateRecord? record) => output.WriteBooleanValue(kind == LatticeKind.Set
        ? Holding<SetLattice>(record, kind)?.Contains(element) ?? false
        : Holding<GrowSetLattice>(record, kind)?.Elements.Contains(element) ?? false);
}
