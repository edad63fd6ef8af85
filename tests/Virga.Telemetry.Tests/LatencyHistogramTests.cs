using FsCheck;
using FsCheck.Fluent;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Tests;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Every_percentile_is_within_the_promised_error()
    {
        var durations = Gen.Choose(0, 25).SelectMany(octave => Gen.Choose(0, 1 << octave)).Select(static micros => TimeSpan.FromTicks(micros * 97L));
        var property = Prop.ForAll(durations.NonEmptyListOf().ToArbitrary(), static samples =>
        {
            var histogram = new LatencyHistogram();
            var sorted = samples.OrderBy(static sample => sample).ToList();
            sorted.ForEach(histogram.Add);
            return new[] { 0, 0.5, 0.9, 0.99, 1 }.All(share => IsClose(histogram.Percentile(share), sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)]))
                && histogram.Max == sorted[^1];
        });
        property.QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Durations_out_of_range_count_as_the_nearest_in_range()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.FromSeconds(-1));
        histogram.Percentile(1).ShouldBe(TimeSpan.Zero);
        histogram.Add(TimeSpan.FromDays(2));
        histogram.Max.ShouldBe(TimeSpan.FromDays(2));
        histogram.Percentile(1).ShouldBeGreaterThan(TimeSpan.FromHours(2));
    }

    private static bool IsClose(TimeSpan estimate, TimeSpan exact) =>
        Math.Abs((estimate - exact).Ticks) <= Math.Max(exact.Ticks * LatencyHistogram.RelativeError, LatencyHistogram.Unit.Ticks) + 1;
}
