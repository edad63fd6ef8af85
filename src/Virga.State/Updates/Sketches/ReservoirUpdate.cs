using System.Globalization;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary><c>{"reservoir":{"add":["a"],"weighted":[{"value":"b","weight":2.5}],"merge":["BASE64"],"size":100}}</c></summary>
internal sealed class ReservoirUpdate(IReadOnlyList<(Payload Value, double Weight)> values, IReadOnlyList<ReservoirSample> merged, int? size)
    : MergingSketchUpdate<ReservoirSample>(LatticeKind.Reservoir, values.Count, merged)
{
    public static ReservoirUpdate Read(JsonPlace place)
    {
        var members = SketchMembers.Read(place, "add", "weighted", "merge", "size");
        return new ReservoirUpdate(members.Weighed(), members.Merged<ReservoirSample>(LatticeKind.Reservoir), members.Integer("size", 1, ReservoirSample.MaxSize));
    }

    protected override ReservoirSample Begin() => ReservoirSample.Empty(size ?? ReservoirSample.DefaultSize);

    protected override void CheckSize(ReservoirSample held)
    {
        if (size is { } said && said != held.Size)
        {
            throw OtherSize(string.Create(CultureInfo.InvariantCulture, $"of the size {held.Size}"));
        }
    }

    protected override ReservoirSample Addition(ReservoirSample held, in MutationContext context) => held.Addition(values, context.Now.Value, context.Replica.Value);
}
