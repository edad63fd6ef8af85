using System.Globalization;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary><c>{"hyperLogLog":{"add":["a"],"merge":["BASE64"],"precision":14}}</c></summary>
internal sealed class HyperLogLogUpdate(ulong[] hashes, IReadOnlyList<HyperLogLog> merged, int? precision)
    : MergingSketchUpdate<HyperLogLog>(LatticeKind.HyperLogLog, hashes.Length, merged)
{
    public static HyperLogLogUpdate Read(JsonPlace place)
    {
        var members = SketchMembers.Read(place, "add", "merge", "precision");
        return new HyperLogLogUpdate(
            members.Hashes(),
            members.Merged<HyperLogLog>(LatticeKind.HyperLogLog),
            members.Integer("precision", HyperLogLog.MinPrecision, HyperLogLog.MaxPrecision));
    }

    protected override HyperLogLog Begin() => HyperLogLog.Empty(precision ?? HyperLogLog.DefaultPrecision);

    protected override void CheckSize(HyperLogLog held)
    {
        if (precision is { } said && said != held.Precision)
        {
            throw OtherSize(string.Create(CultureInfo.InvariantCulture, $"of the precision {held.Precision}"));
        }
    }

    protected override HyperLogLog Addition(HyperLogLog held, in MutationContext context) => held.Addition(hashes);
}
