using FsCheck;
using FsCheck.Fluent;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

public sealed class ThetaSketchTests
{
    private const int Trials = 150;

    [Theory]
    [InlineData(300)]
    [InlineData(20_000)]
    public void The_error_is_the_published_one_and_without_bias(int values)
    {
        const int Size = 256;
        var published = 1 / Math.Sqrt(Size - 1);
        var (sum, squares) = (0.0, 0.0);
        for (var trial = 0; trial < Trials; trial++)
        {
            var error = (Of(Size, Streams.Hashes(trial, values)).Count().Value / values) - 1;
            (sum, squares) = (sum + error, squares + (error * error));
        }

        Math.Sqrt(squares / Trials).ShouldBeLessThan(published * (1 + (3 / Math.Sqrt(2 * Trials))));
        Math.Abs(sum / Trials).ShouldBeLessThan(3 * published / Math.Sqrt(Trials));
    }

    [Fact]
    public void Unions_intersections_and_differences_are_within_their_bounds()
    {
        // A has 6,000 values, B 8,000, and they have 2,000 in common.
        var (unions, intersections, differences) = (0, 0, 0);
        for (var trial = 0; trial < Trials; trial++)
        {
            var a = Of(512, Streams.Hashes(trial, 6000));
            var b = Of(512, Streams.Hashes(trial, 8000, from: 4000));
            unions += Holds(a.Union([b]), 12_000);
            intersections += Holds(a.Intersection([b]), 2000);
            differences += Holds(a.Difference([b]), 4000);
        }

        new[] { unions, intersections, differences }.ShouldAllBe(held => held >= Trials * 9 / 10);

        static int Holds(Estimate estimate, int exact) => estimate.Low <= exact && exact <= estimate.High && estimate.Low <= estimate.Value && estimate.Value <= estimate.High ? 1 : 0;
    }

    [Fact]
    public void Few_values_are_combined_exactly() => Prop.ForAll<byte[], byte[], byte[]>(static (first, second, third) =>
    {
        var (a, b, c) = (Small(first), Small(second), Small(third));
        var (x, y, z) = (first.ToHashSet(), second.ToHashSet(), third.ToHashSet());
        return a.Union([b, c]).Value == x.Union(y).Union(z).Count()
            && a.Intersection([b, c]).Value == x.Intersect(y).Intersect(z).Count()
            && a.Difference([b, c]).Value == x.Except(y).Except(z).Count()
            && a.Count() == new Estimate(x.Count, x.Count, x.Count);

        static ThetaSketch Small(byte[] values) => Of(256, [.. values.Select(static value => XxHash64.Of([value]))]);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(100));

    [Fact]
    public void Sketches_of_two_sizes_are_one_of_the_lesser_however_values_are_divided() => Prop.ForAll<ulong[], ulong[]>(static (first, second) =>
    {
        var whole = Streams.Bytes(Of(16, [.. first, .. second]));
        var (large, small) = (Of(40, [.. first]), Of(16, [.. second]));
        var grown = small.Merge(small.Addition([.. first]));
        return Streams.Bytes(large.Merge(small)) == whole && Streams.Bytes(small.Merge(large)) == whole && Streams.Bytes(grown) == whole;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(120));

    [Fact]
    public void A_full_sketch_takes_no_more()
    {
        var sketch = Of(64, Streams.Hashes(1, 100_000));
        sketch.EncodedBytes.ShouldBeLessThan(12 + (65 * 10) + 1);
        sketch.Addition(Streams.Hashes(1, 100_000)).IsEmpty.ShouldBeTrue();
    }

    private static ThetaSketch Of(int size, ulong[] hashes) => ThetaSketch.Empty(size).Addition(hashes);
}
