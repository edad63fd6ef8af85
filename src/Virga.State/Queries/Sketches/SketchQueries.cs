using System.Text.Json;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Sketches;
using Virga.State.Updates;
using Virga.State.Updates.Sketches;

namespace Virga.State.Queries.Sketches;

/// <summary>Questions about sketches.</summary>
internal static class SketchQueries
{
    /// <summary><c>{"hyperLogLog":"estimate"}</c>, <c>{"hyperLogLog":"sketch"}</c></summary>
    public static StateQuery HyperLogLog(JsonPlace place) => Word(place) switch
    {
        "estimate" => Of<HyperLogLog>(LatticeKind.HyperLogLog, static (output, sketch) => SketchJson.Write(output, sketch?.Count() ?? default)),
        "sketch" => Bytes<HyperLogLog>(LatticeKind.HyperLogLog),
        _ => throw place.Refuse("\"estimate\" or \"sketch\" is expected."),
    };

    /// <summary><c>{"theta":"estimate"}</c>, <c>{"theta":"sketch"}</c>, <c>{"theta":{"intersection":["BASE64"]}}</c></summary>
    public static StateQuery Theta(JsonPlace place)
    {
        const string Expected = "\"estimate\", \"sketch\", or one of 'union', 'intersection' and 'difference' with an array of sketches is expected.";
        switch (Word(place))
        {
            case "estimate":
                return Of<ThetaSketch>(LatticeKind.Theta, static (output, sketch) => SketchJson.Write(output, sketch?.Count() ?? default));
            case "sketch":
                return Bytes<ThetaSketch>(LatticeKind.Theta);
            case not null:
                throw place.Refuse(Expected);
        }

        var argument = place.Only(out var name);
        Func<ThetaSketch, IReadOnlyList<ThetaSketch>, Estimate> combine = name switch
        {
            "union" => static (sketch, others) => sketch.Union(others),
            "intersection" => static (sketch, others) => sketch.Intersection(others),
            "difference" => static (sketch, others) => sketch.Difference(others),
            _ => throw place.Refuse(Expected),
        };
        var nothing = ThetaSketch.Empty(ThetaSketch.MaxSize);
        var others = SketchMembers.Sketches(argument, LatticeKind.Theta, nothing);
        return Of<ThetaSketch>(LatticeKind.Theta, (output, sketch) => SketchJson.Write(output, combine(sketch ?? nothing, others)));
    }

    /// <summary><c>{"bloom":{"has":"a"}}</c>, <c>{"bloom":"estimate"}</c>, <c>{"bloom":"sketch"}</c></summary>
    public static StateQuery Bloom(JsonPlace place)
    {
        const string Expected = "\"estimate\", \"sketch\" or {\"has\":VALUE} is expected.";
        switch (Word(place))
        {
            case "estimate":
                return Of<BloomFilter>(LatticeKind.Bloom, static (output, filter) => SketchJson.Write(output, filter));
            case "sketch":
                return Bytes<BloomFilter>(LatticeKind.Bloom);
            case not null:
                throw place.Refuse(Expected);
        }

        var argument = place.Only(out var name);
        var hash = name == "has" ? SketchMembers.HashOf(ElementJson.Element(argument)) : throw place.Refuse(Expected);
        return Of<BloomFilter>(LatticeKind.Bloom, (output, filter) => output.WriteBooleanValue(filter?.Has(hash) ?? false));
    }

    /// <summary><c>{"countMin":"total"}</c>, <c>{"countMin":{"count":"a"}}</c></summary>
    public static StateQuery CountMin(JsonPlace place)
    {
        const string Expected = "\"total\" or {\"count\":VALUE} is expected.";
        if (Word(place) is { } word)
        {
            return word == "total"
                ? Shared<CountMinSketch>(LatticeKind.CountMin, static (output, sketches) => output.WriteNumberValue(CountMinSketch.TotalOf(sketches)))
                : throw place.Refuse(Expected);
        }

        var argument = place.Only(out var name);
        var hash = name == "count" ? SketchMembers.HashOf(ElementJson.Element(argument)) : throw place.Refuse(Expected);
        return Shared<CountMinSketch>(LatticeKind.CountMin, (output, sketches) => output.WriteNumberValue(CountMinSketch.CountOf(sketches, hash)));
    }

    /// <summary><c>{"quantiles":{"at":[0.5,0.99]}}</c>, <c>{"quantiles":{"ranks":[10]}}</c>, <c>{"quantiles":"count"}</c></summary>
    public static StateQuery Quantiles(JsonPlace place)
    {
        const string Expected = "\"count\", {\"at\":[SHARE,…]} or {\"ranks\":[NUMBER,…]} is expected.";
        if (Word(place) is { } word)
        {
            return word == "count" ? Summary(static (output, summary) => output.WriteNumberValue(summary.Count)) : throw place.Refuse(Expected);
        }

        var argument = place.Only(out var name);
        switch (name)
        {
            case "at":
                double[] shares = [.. argument.Items().Select(static item => item.Number() is var share and >= 0 and <= 1 ? share : throw item.Refuse("a number from 0 to 1 is expected."))];
                return Summary((output, summary) => WriteAll(output, shares, summary.Quantile));
            case "ranks":
                double[] numbers = [.. argument.Items().Select(static item => item.Number())];
                return Summary((output, summary) => WriteAll(output, numbers, summary.Rank));
            default:
                throw place.Refuse(Expected);
        }
    }

    /// <summary><c>{"topK":{"top":10}}</c>, <c>{"topK":{"count":"a"}}</c></summary>
    public static StateQuery TopK(JsonPlace place)
    {
        var argument = place.Only(out var name);
        switch (name)
        {
            case "top":
                var count = argument.Integer(0, TopKSketch.MaxSize);
                return Shared<TopKSketch>(LatticeKind.TopK, (output, sketches) => SketchJson.Write(output, new TopKSummary(sketches).Top(count)));
            case "count":
                var item = ElementJson.Element(argument);
                return Shared<TopKSketch>(LatticeKind.TopK, (output, sketches) =>
                {
                    var (_, most, error) = new TopKSummary(sketches).CountOf(item);
                    output.WriteStartObject();
                    output.WriteNumber("count"u8, most);
                    output.WriteNumber("error"u8, error);
                    output.WriteEndObject();
                });
            default:
                throw place.Refuse("{\"top\":NUMBER} or {\"count\":VALUE} is expected.");
        }
    }

    /// <summary><c>{"reservoir":{"sample":10}}</c>, <c>{"reservoir":"size"}</c>, <c>{"reservoir":"sketch"}</c></summary>
    public static StateQuery Reservoir(JsonPlace place)
    {
        const string Expected = "\"size\", \"sketch\" or {\"sample\":NUMBER} is expected.";
        switch (Word(place))
        {
            case "size":
                return Of<ReservoirSample>(LatticeKind.Reservoir, static (output, sample) => output.WriteNumberValue(sample?.Count ?? 0));
            case "sketch":
                return Bytes<ReservoirSample>(LatticeKind.Reservoir);
            case not null:
                throw place.Refuse(Expected);
        }

        var argument = place.Only(out var name);
        var count = name == "sample" ? argument.Integer(0, ReservoirSample.MaxSize) : throw place.Refuse(Expected);
        return Of<ReservoirSample>(LatticeKind.Reservoir, (output, sample) => StateJson.WriteAll(output, sample?.Values.Take(count) ?? []));
    }

    // A text instead of an object; null for anything else.
    private static string? Word(JsonPlace place) => place.Element.ValueKind == JsonValueKind.String ? place.Text() : null;

    private static PartQuery<SketchLattice<TSketch>> Of<TSketch>(LatticeKind kind, Action<Utf8JsonWriter, TSketch?> write)
        where TSketch : class, ISketch<TSketch> =>
        new(kind, (output, lattice) => write(output, lattice?.Sketch));

    private static PartQuery<SketchLattice<TSketch>> Bytes<TSketch>(LatticeKind kind)
        where TSketch : class, ISketch<TSketch> =>
        new(kind, SketchJson.WriteBytes);

    private static PartQuery<SharedSketchLattice<TSketch>> Shared<TSketch>(LatticeKind kind, Action<Utf8JsonWriter, IReadOnlyList<TSketch>> write)
        where TSketch : class, ISketch<TSketch> =>
        new(kind, (output, lattice) => write(output, lattice?.Sketches ?? []));

    private static PartQuery<SharedSketchLattice<QuantileSketch>> Summary(Action<Utf8JsonWriter, QuantileSummary> write) =>
        Shared<QuantileSketch>(LatticeKind.Quantiles, (output, sketches) => write(output, new QuantileSummary(sketches)));

    private static void WriteAll(Utf8JsonWriter output, double[] arguments, Func<double, double?> answer)
    {
        output.WriteStartArray();
        foreach (var argument in arguments)
        {
            SketchJson.WriteNumber(output, answer(argument));
        }

        output.WriteEndArray();
    }
}
