using System.Globalization;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary><c>{"quantiles":{"add":[1.5,2],"size":200}}</c></summary>
internal sealed class QuantilesUpdate(double[] numbers, int? size) : SharedSketchUpdate<QuantileSketch>(LatticeKind.Quantiles, numbers.Length)
{
    public static QuantilesUpdate Read(JsonPlace place)
    {
        var members = SketchMembers.Read(place, "add", "size");
        return new QuantilesUpdate(members.Numbers(), members.Integer("size", QuantileSketch.MinSize, QuantileSketch.MaxSize));
    }

    protected override QuantileSketch Begin(QuantileSketch? like) => QuantileSketch.Empty(like?.Size ?? size ?? QuantileSketch.DefaultSize);

    protected override void CheckSize(QuantileSketch held)
    {
        if (size is { } said && said != held.Size)
        {
            throw OtherSize(string.Create(CultureInfo.InvariantCulture, $"of the size {held.Size}"));
        }
    }

    protected override QuantileSketch Addition(QuantileSketch own, in MutationContext context) => own.Addition(numbers, context.Replica.Value);
}
