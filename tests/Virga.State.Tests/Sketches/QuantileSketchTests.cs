using FsCheck;
using FsCheck.Fluent;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

public sealed class QuantileSketchTests
{
    private const int Numbers = 20_000;

    public static TheoryData<string, int> Orders => new() { { "random", 1 }, { "random", 4 }, { "rising", 1 }, { "falling", 1 }, { "zoomed", 2 } };

    [Theory]
    [MemberData(nameof(Orders))]
    public void Ranks_are_within_the_published_error(string order, int writers)
    {
        const int Size = 100;
        const int Trials = 40;
        var failures = 0;
        for (var trial = 0; trial < Trials; trial++)
        {
            // The numbers 1 to N: the exact rank of each is known.
            var summary = new QuantileSummary([.. Stream(order, trial).Chunk(Numbers / writers).Select((part, writer) => Of(Size, part, (ulong)((trial * 10) + writer)))]);
            summary.Count.ShouldBe((ulong)Numbers);
            var worst = 0.0;
            for (var share = 1; share < 100; share++)
            {
                worst = Math.Max(worst, Math.Abs(summary.Rank(share * Numbers / 100.0)!.Value - (share / 100.0)));
                worst = Math.Max(worst, Math.Abs((summary.Quantile(share / 100.0)!.Value / Numbers) - (share / 100.0)));
            }

            failures += worst > QuantileSketch.RankError(Size) ? 1 : 0;
        }

        // One in a hundred may fail.
        failures.ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public void Few_numbers_are_kept_exactly() => Prop.ForAll<NormalFloat[]>(static floats =>
    {
        double[] numbers = [.. floats.Select(static number => number.Get + 0.0)];
        Array.Sort(numbers);
        var summary = new QuantileSummary([Of(100, numbers, 1)]);
        return numbers.Length == 0
            ? summary.Quantile(0.5) is null && summary.Rank(1) is null
            : numbers.Select((_, i) => summary.Quantile((i + 1.0) / numbers.Length)).SequenceEqual(numbers.Select(static number => (double?)number))
                && numbers.All(number => summary.Rank(number) == numbers.Count(other => other <= number) / (double)numbers.Length);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(90));

    [Fact]
    public void The_least_and_the_greatest_are_exact_and_no_number_is_lost()
    {
        var sketch = Of(20, Stream("random", 3), 1);
        var summary = new QuantileSummary([sketch]);
        (sketch.Count, summary.Quantile(0), summary.Quantile(1)).ShouldBe(((ulong)Numbers, 1.0, (double)Numbers));
    }

    [Fact]
    public void A_sketch_stays_small_and_an_addition_says_the_levels_that_it_changes()
    {
        var sketch = Of(QuantileSketch.DefaultSize, Stream("random", 1), 1);
        sketch.EncodedBytes.ShouldBeLessThan(6000);
        var bytes = 0L;
        for (var i = 0; i < 1000; i++)
        {
            var addition = sketch.Addition([i], 1);
            bytes += addition.EncodedBytes;
            sketch = sketch.Merge(addition);
        }

        sketch.Count.ShouldBe((ulong)Numbers + 1000);
        (bytes / 1000).ShouldBeLessThan(1000);
    }

    [Fact]
    public void Adding_one_by_one_gives_what_adding_at_once_gives()
    {
        var numbers = Stream("random", 5)[..2000];
        var one = QuantileSketch.Empty(16);
        foreach (var number in numbers)
        {
            one = one.Merge(one.Addition([number], 9));
        }

        var once = Of(16, numbers, 9);
        new QuantileSummary([one]).Count.ShouldBe(once.Count);
        for (var share = 0.0; share <= 1; share += 0.01)
        {
            new QuantileSummary([one]).Quantile(share).ShouldBe(new QuantileSummary([once]).Quantile(share));
        }
    }

    private static QuantileSketch Of(int size, double[] numbers, ulong seed) => QuantileSketch.Empty(size).Addition(numbers, seed);

    private static double[] Stream(string order, int seed)
    {
        double[] numbers = [.. Enumerable.Range(1, Numbers).Select(static number => (double)number)];
        switch (order)
        {
            case "random":
                new Random(seed).Shuffle(numbers);
                break;
            case "falling":
                Array.Reverse(numbers);
                break;
            case "zoomed":
                // From both ends towards the middle.
                numbers = [.. numbers.Select((_, i) => i % 2 == 0 ? 1.0 + (i / 2) : Numbers - (i / 2))];
                break;
        }

        return numbers;
    }
}
