using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Virga.Core.Names;
using Virga.State.Binary;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary>The members of a sketch's update: <c>{"add":[…],"weighted":[{"value":…,"weight":3}],"merge":["BASE64"],"size":100}</c>, as far as the kind knows them.</summary>
internal sealed class SketchMembers
{
    private const long Exact = 1L << 53;

    private readonly Dictionary<string, JsonPlace> _members = new(StringComparer.Ordinal);

    private SketchMembers()
    {
    }

    public static SketchMembers Read(JsonPlace place, params ReadOnlySpan<string> known)
    {
        var members = new SketchMembers();
        foreach (var (name, value) in place.Members())
        {
            members._members[name] = known.Contains(name)
                ? value
                : throw value.Refuse($"only '{string.Join("', '", known[..^1]!)}' and '{known[^1]}' are known here.");
        }

        return members;
    }

    /// <summary>The values that are added; one that stands twice is added twice.</summary>
    public List<Payload> Added()
    {
        var added = new List<Payload>();
        if (_members.TryGetValue("add", out var place))
        {
            foreach (var item in place.Items())
            {
                added.Add(ElementJson.Element(item));
            }
        }

        return added;
    }

    /// <summary>The same as hashes.</summary>
    public ulong[] Hashes()
    {
        var added = Added();
        var hashes = new ulong[added.Count];
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i] = HashOf(added[i]);
        }

        return hashes;
    }

    /// <summary>What sketches take of a value.</summary>
    public static ulong HashOf(Payload value) => XxHash64.Of(value.Bytes.Span);

    /// <summary>The numbers that are added.</summary>
    public double[] Numbers() => _members.TryGetValue("add", out var place) ? [.. place.Items().Select(static item => item.Number())] : [];

    /// <summary>Values that are added once, and those that are added with a count.</summary>
    public List<(Payload Item, ulong Weight)> Counted()
    {
        var counted = Added().ConvertAll(static item => (item, 1UL));
        foreach (var (value, weight) in Weighted())
        {
            counted.Add((value, weight.Integer() is var count and >= 1 and <= Exact ? (ulong)count : throw weight.Refuse("a number from 1 to 2^53 is expected.")));
        }

        return counted;
    }

    /// <summary>Values that are added with a weight of one, and those that have another.</summary>
    public List<(Payload Value, double Weight)> Weighed()
    {
        var weighed = Added().ConvertAll(static item => (item, 1.0));
        foreach (var (value, weight) in Weighted())
        {
            weighed.Add((value, weight.Number() is var number and > 0 ? number : throw weight.Refuse("a number greater than 0 is expected.")));
        }

        return weighed;
    }

    /// <summary>Sketches of the kind that come from other keys.</summary>
    public List<TSketch> Merged<TSketch>(LatticeKind kind)
        where TSketch : class, ISketch<TSketch> =>
        _members.TryGetValue("merge", out var place) ? Sketches<TSketch>(place, kind) : [];

    /// <summary>Sketches of a kind in an array, as queries give them.</summary>
    /// <param name="array">The array.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="nothing">What <c>null</c> stands for, the sketch of a key that does not exist; without it nulls are left out.</param>
    public static List<TSketch> Sketches<TSketch>(JsonPlace array, LatticeKind kind, TSketch? nothing = null)
        where TSketch : class, ISketch<TSketch>
    {
        var sketches = new List<TSketch>();
        foreach (var item in array.Items())
        {
            if (item.Element.ValueKind != JsonValueKind.Null)
            {
                sketches.Add(Sketch<TSketch>(item, kind));
            }
            else if (nothing is not null)
            {
                sketches.Add(nothing);
            }
        }

        return sketches;
    }

    /// <summary>An integer that the update may say.</summary>
    public int? Integer(string name, int least, int most) => _members.TryGetValue(name, out var place) ? place.Integer(least, most) : null;

    /// <summary>A share of one that the update may say, neither 0 nor 1.</summary>
    public double? Share(string name, double least, double most) => !_members.TryGetValue(name, out var place) ? null
        : place.Number() is var value && value >= least && value <= most ? value
        : throw place.Refuse(string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most} is expected."));

    private static TSketch Sketch<TSketch>(JsonPlace place, LatticeKind kind)
        where TSketch : class, ISketch<TSketch>
    {
        var text = place.Text();
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
        {
            throw place.Refuse($"'{ResourceName.Shorten(text)}' is no base64: a sketch is expected as the query \"sketch\" gives it.");
        }

        try
        {
            return LatticeEncoding.Read(bytes.AsSpan(0, length)) is { } lattice && lattice is SketchLattice<TSketch> { Sketch: var sketch }
                ? sketch
                : throw place.Refuse($"a sketch of the kind '{kind.ToName()}' is expected.");
        }
        catch (StateEncodingException e)
        {
            throw place.Refuse($"this is no sketch: {e.Message}");
        }
    }

    private IEnumerable<WeightedPlace> Weighted()
    {
        if (!_members.TryGetValue("weighted", out var array))
        {
            yield break;
        }

        foreach (var item in array.Items())
        {
            Payload? value = null;
            JsonPlace? weight = null;
            foreach (var (name, place) in item.Members())
            {
                switch (name)
                {
                    case "value":
                        value = ElementJson.Element(place);
                        break;
                    case "weight":
                        weight = place;
                        break;
                    default:
                        throw place.Refuse("only 'value' and 'weight' are known here.");
                }
            }

            yield return value is { } found && weight is { } number ? new WeightedPlace(found, number) : throw item.Refuse("both 'value' and 'weight' are expected.");
        }
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct WeightedPlace(Payload Value, JsonPlace Weight);
}
