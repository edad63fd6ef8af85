using FsCheck;
using FsCheck.Fluent;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

public sealed class CountMinSketchTests
{
    [Theory]
    [InlineData(0.01, 0.9)]
    [InlineData(0.002, 0.99)]
    public void A_count_is_never_too_low_and_seldom_more_than_the_error_too_great(double error, double confidence)
    {
        const int Additions = 60_000;
        var stream = Streams.Zipf(seed: 7, Additions, values: 20_000);
        var (widthBits, depth) = CountMinSketch.SizeFor(error, confidence);
        CountMinSketch[] sketches = [.. stream.Chunk(Additions / 3).Select(part => Of(widthBits, depth, part))];
        var exact = stream.CountBy(static value => value).ToDictionary();
        CountMinSketch.TotalOf(sketches).ShouldBe((ulong)Additions);

        var beyond = 0;
        foreach (var (value, count) in exact)
        {
            var estimate = CountMinSketch.CountOf(sketches, Hash(value));
            estimate.ShouldBeGreaterThanOrEqualTo((ulong)count);
            beyond += estimate > count + (error * Additions) ? 1 : 0;
        }

        beyond.ShouldBeLessThanOrEqualTo((int)((1 - confidence) * exact.Count));
    }

    [Fact]
    public void Counts_of_a_sketch_with_room_are_exact() => Prop.ForAll<byte[]>(static values =>
    {
        var sketch = Of(14, 5, [.. values.Select(static value => (int)value)]);
        return Enumerable.Range(0, 256).All(value => sketch.CountOf(Hash(value)) == (ulong)values.Count(one => one == value));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(100));

    [Fact]
    public void An_addition_says_the_cells_that_it_changes()
    {
        var sketch = Of(12, 5, Streams.Zipf(1, 20_000, 5000));
        sketch.EncodedBytes.ShouldBeGreaterThan(10_000);
        var addition = sketch.Addition([(Hash(4), 1)]);
        addition.EncodedBytes.ShouldBeLessThan(100);
        sketch.Merge(addition).CountOf(Hash(4)).ShouldBe(sketch.CountOf(Hash(4)) + 1);
    }

    [Fact]
    public void A_count_stands_at_its_bound()
    {
        var sketch = CountMinSketch.Empty(4, 2).Addition([(1, ulong.MaxValue)]);
        sketch = sketch.Merge(sketch.Addition([(1, 5)]));
        sketch.CountOf(1).ShouldBe(ulong.MaxValue);
        sketch.Total.ShouldBe(ulong.MaxValue);
    }

    private static ulong Hash(int value) => XxHash64.Of(BitConverter.GetBytes(value));

    private static CountMinSketch Of(int widthBits, int depth, int[] values) => CountMinSketch.Empty(widthBits, depth).Addition(values.Select(static value => (Hash(value), 1UL)));
}
