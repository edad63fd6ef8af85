using System.Globalization;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary><c>{"theta":{"add":["a"],"merge":["BASE64"],"size":4096}}</c></summary>
internal sealed class ThetaUpdate(ulong[] hashes, IReadOnlyList<ThetaSketch> merged, int? size) : MergingSketchUpdate<ThetaSketch>(LatticeKind.Theta, hashes.Length, merged)
{
    public static ThetaUpdate Read(JsonPlace place)
    {
        var members = SketchMembers.Read(place, "add", "merge", "size");
        return new ThetaUpdate(members.Hashes(), members.Merged<ThetaSketch>(LatticeKind.Theta), members.Integer("size", ThetaSketch.MinSize, ThetaSketch.MaxSize));
    }

    protected override ThetaSketch Begin() => ThetaSketch.Empty(size ?? ThetaSketch.DefaultSize);

    protected override void CheckSize(ThetaSketch held)
    {
        if (size is { } said && said != held.Size)
        {
            throw OtherSize(string.Create(CultureInfo.InvariantCulture, $"of the size {held.Size}"));
        }
    }

    protected override ThetaSketch Addition(ThetaSketch held, in MutationContext context) => held.Addition(hashes);
}
