using FsCheck;
using FsCheck.Fluent;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>Which segments are written anew.</summary>
public sealed class CompactionPolicyTests
{
    private const long MaxBytes = 1000;

    [Fact]
    public void Segments_that_live_for_the_greater_part_are_left() => Choose((1000, 900), (900, 600), (1000, 501)).ShouldBeNull();

    [Fact]
    public void One_that_is_half_dead_is_written_anew() => Choose((1000, 900), (1000, 500), (1000, 900)).ShouldBe((1, 1));

    [Fact]
    public void Neighbours_that_are_mostly_dead_become_one() => Choose((1000, 100), (1000, 300), (1000, 200), (1000, 990)).ShouldBe((0, 3));

    [Fact]
    public void Many_small_neighbours_become_one() => Choose([.. Enumerable.Repeat((20L, 20L), 8)]).ShouldBe((0, 8));

    [Fact]
    public void A_few_small_neighbours_are_left() => Choose([.. Enumerable.Repeat((20L, 20L), 7)]).ShouldBeNull();

    [Fact]
    public void What_is_damaged_is_left() => CompactionPolicy.Choose([new SegmentFigures(1000, 10, IsUsable: false)], MaxBytes).ShouldBeNull();

    [Fact]
    public void Whatever_there_is_comes_to_rest() => Prop.ForAll(
        Gen.Choose(1, 1000).SelectMany(static bytes => Gen.Choose(0, bytes).Select(live => (Bytes: (long)bytes, Live: (long)live))).ListOf().ToArbitrary(),
        static segments =>
        {
            var left = segments.Where(static segment => segment.Live > 0).ToList();
            var live = left.Sum(static segment => segment.Live);
            for (var rounds = 0; Choose([.. left]) is var (from, count); rounds++)
            {
                rounds.ShouldBeLessThanOrEqualTo(2 * segments.Count);
                var one = left.GetRange(from, count).Sum(static segment => segment.Live);
                one.ShouldBeLessThanOrEqualTo(MaxBytes);
                left.RemoveRange(from, count);
                left.Insert(from, (one, one));
            }

            left.Sum(static segment => segment.Live).ShouldBe(live);
            left.ShouldAllBe(static segment => segment.Live * 2 > segment.Bytes);
        }).QuickCheckThrowOnFailure();

    private static (int From, int Count)? Choose(params (long Bytes, long Live)[] segments)
    {
        var figures = segments.Select(static segment => new SegmentFigures(segment.Bytes, segment.Live, IsUsable: true)).ToArray();
        return CompactionPolicy.Choose(figures, MaxBytes) is { } range ? range.GetOffsetAndLength(figures.Length) : null;
    }
}
