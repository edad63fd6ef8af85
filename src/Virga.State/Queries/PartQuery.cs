using System.Text.Json;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Queries;

/// <summary>A question that a function of the value answers: null is a key that does not exist.</summary>
internal sealed class PartQuery<TLattice>(LatticeKind kind, Action<Utf8JsonWriter, TLattice?> write) : StateQuery
    where TLattice : Lattice
{
    public override void WriteAnswer(Utf8JsonWriter output, StateRecord? record) => write(output, Holding<TLattice>(record, kind));
}
