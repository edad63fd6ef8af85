using System.Globalization;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary><c>{"topK":{"add":["a"],"weighted":[{"value":"b","weight":3}],"size":100}}</c></summary>
internal sealed class TopKUpdate(IReadOnlyCollection<(Payload Item, ulong Weight)> values, int? size) : SharedSketchUpdate<TopKSketch>(LatticeKind.TopK, values.Count)
{
    public static TopKUpdate Read(JsonPlace place)
    {
        var members = SketchMembers.Read(place, "add", "weighted", "size");
        return new TopKUpdate(members.Counted(), members.Integer("size", 1, TopKSketch.MaxSize));
    }

    protected override TopKSketch Begin(TopKSketch? like) => TopKSketch.Empty(like?.Size ?? size ?? TopKSketch.DefaultSize);

    protected override void CheckSize(TopKSketch held)
    {
        if (size is { } said && said != held.Size)
        {
            throw OtherSize(string.Create(CultureInfo.InvariantCulture, $"of the size {held.Size}"));
        }
    }

    protected override TopKSketch Addition(TopKSketch own, in MutationContext context) => own.Addition(values);
}
