using System.Text.Json;
using Virga.Core.Problems;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary>An update of a sketch. A sketch has its size from the first update on; a later one may repeat it, or leave it out.</summary>
/// <param name="kind">What kind of sketch.</param>
/// <param name="added">How many values are added.</param>
internal abstract class SketchUpdate(LatticeKind kind, int added) : StateUpdate
{
    protected LatticeKind Kind => kind;

    protected bool IsEmpty => added == 0;

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged)
    {
        if (merged.Value?.Kind != kind)
        {
            Holding<Lattice>(merged, kind);
            throw MutationGround.KindMismatch(merged.Value!.Kind, kind);
        }

        output.WriteStartObject();
        output.WriteNumber("added", added);
        output.WriteEndObject();
    }

    /// <summary>What is said of an update that asks for another size than the sketch has.</summary>
    protected ProblemException OtherSize(string held) => new(KnownProblems.InvalidUpdate(
        $"The key holds a {kind.ToName()} {held}, which keeps its size: leave the size out, or delete the key first."));
}
