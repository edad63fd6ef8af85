using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Queries;

/// <summary><c>{"set":"size"}</c>, and so of every kind that has a size.</summary>
internal sealed class SizeQuery(LatticeKind kind) : StateQuery
{
    public override void WriteAnswer(Utf8JsonWriter output, StateRecord? record) => output.WriteNumberValue(kind switch
    {
        LatticeKind.GrowSet => Holding<GrowSetLattice>(record, kind)?.Elements.Count ?? 0,
        LatticeKind.Set => Holding<SetLattice>(record, kind)?.Count ?? 0,
        LatticeKind.OrderedSet => Holding<OrderedSetLattice>(record, kind)?.Ranks.Count ?? 0,
        LatticeKind.Map => Holding<MapLattice>(record, kind)?.Count ?? 0,
        _ => Holding<LogLattice>(record, kind)?.Count ?? 0,
    });
}
