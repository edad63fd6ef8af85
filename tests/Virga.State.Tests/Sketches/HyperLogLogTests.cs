using FsCheck;
using FsCheck.Fluent;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

public sealed class HyperLogLogTests
{
    private const int Trials = 150;

    // Around the change from sparse to registers (192 at this precision), and where the plain estimator of HyperLogLog is biased: from 2.5 to 5 times the registers.
    [Theory]
    [InlineData(250)]
    [InlineData(1000)]
    [InlineData(2500)]
    [InlineData(4000)]
    [InlineData(20000)]
    public void The_error_is_the_published_one_and_without_bias(int values)
    {
        const int Precision = 10;
        var published = 1.04 / Math.Sqrt(1 << Precision);
        var (sum, squares) = (0.0, 0.0);
        for (var trial = 0; trial < Trials; trial++)
        {
            var error = (Of(Precision, Streams.Hashes(trial, values)).Count().Value / values) - 1;
            (sum, squares) = (sum + error, squares + (error * error));
        }

        // Three standard deviations of what is measured.
        Math.Sqrt(squares / Trials).ShouldBeLessThan(published * (1 + (3 / Math.Sqrt(2 * Trials))));
        Math.Abs(sum / Trials).ShouldBeLessThan(3 * published / Math.Sqrt(Trials));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(14)]
    [InlineData(18)]
    public void Every_precision_keeps_its_error(int precision)
    {
        const int Values = 100_000;
        var error = 1.04 / Math.Sqrt(1 << precision);
        var squares = 0.0;
        for (var trial = 0; trial < 10; trial++)
        {
            var relative = (Of(precision, Streams.Hashes(trial, Values)).Count().Value / Values) - 1;
            squares += relative * relative;
        }

        Math.Sqrt(squares / 10).ShouldBeLessThan(error * 1.7);
    }

    [Fact]
    public void Bounds_hold_in_nineteen_of_twenty_cases()
    {
        var held = 0;
        for (var trial = 0; trial < Trials; trial++)
        {
            var (_, low, high) = Of(10, Streams.Hashes(trial, 5000)).Count();
            held += low <= 5000 && high >= 5000 ? 1 : 0;
        }

        held.ShouldBeGreaterThan(Trials * 9 / 10);
    }

    [Fact]
    public void Few_values_are_counted_but_for_those_of_one_place_in_2_to_the_25()
    {
        for (var values = 0; values <= 3000; values += 100)
        {
            var sketch = Of(HyperLogLog.DefaultPrecision, Streams.Hashes(values, values));
            sketch.IsSparse.ShouldBeTrue();
            sketch.Count().Value.ShouldBe(values, 1.6);
        }
    }

    [Fact]
    public void A_sketch_takes_no_more_than_its_registers_however_many_values_there_are()
    {
        var sketch = Of(14, Streams.Hashes(1, 200_000));
        sketch.IsSparse.ShouldBeFalse();
        sketch.EncodedBytes.ShouldBeLessThan((12 << 10) + 10);
        (Streams.Bytes(sketch).Length / 2).ShouldBe((12 << 10) + 2);
    }

    [Fact]
    public void What_is_known_adds_nothing()
    {
        var sketch = Of(10, Streams.Hashes(1, 5000));
        var addition = sketch.Addition(Streams.Hashes(1, 5000));
        addition.IsEmpty.ShouldBeTrue();
        sketch.Merge(addition).ShouldBeSameAs(sketch);
    }

    [Fact]
    public void An_addition_says_what_it_changes_and_not_the_sketch() =>
        Of(14, Streams.Hashes(1, 100_000)).Addition(Streams.Hashes(2, 1)).EncodedBytes.ShouldBeLessThan(20);

    [Fact]
    public void Sketches_of_two_precisions_are_one_of_the_lesser() => Prop.ForAll<ulong[], ulong[]>(static (first, second) =>
    {
        // Runs of hashes that begin alike, so that folding meets every case; and as they come.
        ulong[] all = [.. first, .. first.Select(static hash => hash >> 40), .. first.Select(static hash => hash << 50)];
        var fine = Of(9, [.. all]);
        var coarse = Of(5, [.. second]);
        var whole = Streams.Bytes(Of(5, [.. all, .. second]));
        return Streams.Bytes(fine.Merge(coarse)) == whole && Streams.Bytes(coarse.Merge(fine)) == whole;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(200));

    [Fact]
    public void However_values_are_divided_the_sketch_is_the_same() => Prop.ForAll<ulong[], byte>(static (hashes, cut) =>
    {
        var at = hashes.Length * cut / 256;
        var first = Of(4, [.. hashes.AsSpan(0, at)]);
        var second = first.Merge(first.Addition([.. hashes.AsSpan(at)]));
        return Streams.Bytes(second) == Streams.Bytes(Of(4, [.. hashes])) && Streams.Bytes(Of(4, [.. hashes.AsSpan(at)]).Merge(first)) == Streams.Bytes(second);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(60));

    private static HyperLogLog Of(int precision, ulong[] hashes) => HyperLogLog.Empty(precision).Addition(hashes);
}
