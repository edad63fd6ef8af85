using FsCheck;
using FsCheck.Fluent;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

public sealed class TopKSketchTests
{
    [Fact]
    public void Counts_are_within_their_error_and_the_error_within_what_is_published() => Prop.ForAll<byte[], byte, byte>(static (values, size, writers) =>
    {
        // Some values more often than others, divided among writers.
        int[] stream = [.. values.Select(static value => value % 3 == 0 ? value % 4 : value)];
        var k = 1 + (size % 12);
        var sketches = Divided(stream, k, 1 + (writers % 4));
        var summary = new TopKSummary(sketches);
        foreach (var (item, exact) in stream.CountBy(static value => value))
        {
            var (_, count, error) = summary.CountOf(Streams.Value(item));
            if (count < (ulong)exact || count - error > (ulong)exact || error > (ulong)(stream.Length / k))
            {
                return false;
            }
        }

        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(300));

    [Fact]
    public void Every_value_that_is_more_frequent_than_its_share_is_there() => Prop.ForAll<byte[], byte, byte>(static (values, size, writers) =>
    {
        int[] stream = [.. values.Select(static value => value % 2 == 0 ? value % 6 : value)];
        var k = 2 + (size % 10);
        var known = new TopKSummary(Divided(stream, k, 1 + (writers % 4))).Top(int.MaxValue).Select(static item => item.Item).ToHashSet();
        return stream.CountBy(static value => value).Where(pair => pair.Value > stream.Length / k).All(pair => known.Contains(Streams.Value(pair.Key)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(300));

    [Fact]
    public void The_top_of_a_skewed_stream_is_found()
    {
        var stream = Streams.Zipf(seed: 3, count: 50_000, values: 5000);
        var top = new TopKSummary(Divided(stream, size: 100, writers: 3)).Top(10);
        top.Select(static item => BitConverter.ToInt32(item.Item.Content.Span)).ShouldBe(Enumerable.Range(0, 10), ignoreOrder: true);
        top.Select(static item => item.Count).ShouldBeInOrder(SortDirection.Descending);
    }

    [Fact]
    public void With_room_for_all_counts_are_exact()
    {
        var stream = Streams.Zipf(seed: 5, count: 5000, values: 50);
        foreach (var (item, count, error) in new TopKSummary(Divided(stream, size: 64, writers: 2)).Top(50))
        {
            (count, error).ShouldBe(((ulong)stream.Count(value => value == BitConverter.ToInt32(item.Content.Span)), 0UL));
        }
    }

    [Fact]
    public void Adding_one_by_one_and_at_once_give_the_same_and_an_addition_is_small()
    {
        var stream = Streams.Zipf(seed: 9, count: 2000, values: 300);
        var one = TopKSketch.Empty(20);
        foreach (var value in stream)
        {
            var addition = one.Addition([(Streams.Value(value), 1)]);
            addition.EncodedBytes.ShouldBeLessThan(60);
            one = one.Merge(addition);
        }

        Streams.Bytes(one).ShouldBe(Streams.Bytes(Divided(stream, 20, 1)[0]));
    }

    [Fact]
    public void A_weight_counts_as_so_many_additions()
    {
        var sketch = TopKSketch.Empty(1).Addition([(Streams.Value(1), 5), (Streams.Value(2), 3)]);
        new TopKSummary([sketch]).Top(2).ShouldHaveSingleItem().ShouldBe(new FrequentItem(Streams.Value(2), 8, 5));
    }

    private static TopKSketch[] Divided(int[] stream, int size, int writers) =>
    [
        .. Enumerable.Range(0, writers).Select(writer => TopKSketch.Empty(size).Addition([.. stream.Where((_, i) => i % writers == writer).Select(static value => (Streams.Value(value), 1UL))])),
    ];
}
