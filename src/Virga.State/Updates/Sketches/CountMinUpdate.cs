using System.Globalization;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary><c>{"countMin":{"add":["a"],"weighted":[{"value":"b","weight":3}],"error":0.001,"confidence":0.99}}</c></summary>
internal sealed class CountMinUpdate(IReadOnlyList<(ulong Hash, ulong Weight)> values, (int WidthBits, int Depth)? size)
    : SharedSketchUpdate<CountMinSketch>(LatticeKind.CountMin, values.Count)
{
    private const double DefaultError = 0.001;
    private const double DefaultConfidence = 0.99;

    public static CountMinUpdate Read(JsonPlace place)
    {
        var members = SketchMembers.Read(place, "add", "weighted", "error", "confidence");
        var error = members.Share("error", 1e-5, 0.5);
        var confidence = members.Share("confidence", 0.5, 0.999_999);
        (int WidthBits, int Depth)? size = error is null && confidence is null ? null : CountMinSketch.SizeFor(error ?? DefaultError, confidence ?? DefaultConfidence);
        return size is not { } said || CountMinSketch.IsSize(said.WidthBits, said.Depth)
            ? new CountMinUpdate(members.Counted().ConvertAll(static value => (SketchMembers.HashOf(value.Item), value.Weight)), size)
            : throw place.Refuse("so small an error with such confidence would take more than 2^20 counts.");
    }

    protected override CountMinSketch Begin(CountMinSketch? like)
    {
        var (widthBits, depth) = like is not null ? (like.WidthBits, like.Depth) : size ?? CountMinSketch.SizeFor(DefaultError, DefaultConfidence);
        return CountMinSketch.Empty(widthBits, depth);
    }

    protected override void CheckSize(CountMinSketch held)
    {
        if (size is { } said && said != (held.WidthBits, held.Depth))
        {
            throw OtherSize(string.Create(CultureInfo.InvariantCulture, $"of {held.Depth} rows of 2^{held.WidthBits} counts"));
        }
    }

    protected override CountMinSketch Addition(CountMinSketch own, in MutationContext context) => own.Addition(values);
}
