using FsCheck;
using FsCheck.Fluent;
using Virga.State.Lattices;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

public sealed class ReservoirSampleTests
{
    [Fact]
    public void Every_value_is_drawn_as_often_as_every_other()
    {
        // Added by two writers, of which the first adds three times as many, and merged.
        const int Values = 40;
        const int Size = 8;
        const int Trials = 4000;
        var drawn = new int[Values];
        for (var trial = 1; trial <= Trials; trial++)
        {
            var first = Of(Size, Enumerable.Range(0, 30), trial, writer: 1);
            var second = Of(Size, Enumerable.Range(30, 10), trial, writer: 2);
            foreach (var value in first.Merge(second).Values)
            {
                drawn[Number(value)]++;
            }
        }

        // 39 degrees of freedom: 72.1 is passed once in a thousand times; drawing without putting back only makes it less.
        ChiSquare(drawn, [.. Enumerable.Repeat((double)Trials * Size / Values, Values)]).ShouldBeLessThan(72.1);
    }

    [Fact]
    public void A_value_is_drawn_in_proportion_to_its_weight()
    {
        const int Trials = 10_000;
        var drawn = new int[4];
        for (var trial = 1; trial <= Trials; trial++)
        {
            var sample = ReservoirSample.Empty(1).Addition(Enumerable.Range(0, 4).Select(static value => (Streams.Value(value), value + 1.0)), (ulong)trial, 3);
            drawn[Number(sample.Values.Single())]++;
        }

        // 3 degrees of freedom, once in a thousand times.
        ChiSquare(drawn, [Trials * 0.1, Trials * 0.2, Trials * 0.3, Trials * 0.4]).ShouldBeLessThan(16.3);
    }

    [Fact]
    public void However_samples_merge_the_same_values_are_drawn() => Prop.ForAll<byte, byte, byte>(static (first, second, third) =>
    {
        ReservoirSample[] samples = [Of(10, Enumerable.Range(0, first), 1, 1), Of(10, Enumerable.Range(0, second), 2, 1), Of(7, Enumerable.Range(0, third), 1, 2)];
        var forwards = Streams.Bytes(samples[0].Merge(samples[1]).Merge(samples[2]));
        var after = samples[0].Merge(samples[0].Addition(Enumerable.Range(0, second).Select(static value => (Streams.Value(value), 1.0)), 2, 1)).Merge(samples[2]);
        return forwards == Streams.Bytes(samples[2].Merge(samples[0].Merge(samples[1])).Merge(samples[0])) && forwards == Streams.Bytes(after);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void A_value_that_is_not_drawn_is_not_said()
    {
        var sample = Of(5, Enumerable.Range(0, 10_000), 1, 1);
        var said = Enumerable.Range(2, 200).Sum(at => sample.Addition([(Streams.Value(1), 1.0)], (ulong)at, 1).Count);
        said.ShouldBeLessThan(5);
    }

    private static ReservoirSample Of(int size, IEnumerable<int> values, int at, ulong writer) =>
        ReservoirSample.Empty(size).Addition(values.Select(static value => (Streams.Value(value), 1.0)), (ulong)at, writer);

    private static int Number(Payload value) => BitConverter.ToInt32(value.Content.Span);

    private static double ChiSquare(int[] drawn, double[] expected) => drawn.Zip(expected).Sum(static pair => (pair.First - pair.Second) * (pair.First - pair.Second) / pair.Second);
}
