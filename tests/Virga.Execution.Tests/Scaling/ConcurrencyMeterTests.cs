using FsCheck;
using FsCheck.Fluent;
using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling;

public sealed class ConcurrencyMeterTests
{
    private const long Second = 1_000_000;
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SixSeconds = TimeSpan.FromSeconds(6);

    [Fact]
    public void A_steady_concurrency_is_its_own_average()
    {
        var meter = new ConcurrencyMeter(0, Second);
        meter.Change(3, 0);
        meter.Average(Minute, 500 * Second).ShouldBe(3);
        meter.Average(SixSeconds, 500 * Second).ShouldBe(3);
    }

    [Fact]
    public void A_call_counts_for_the_time_that_it_took()
    {
        var meter = new ConcurrencyMeter(0, Second);
        meter.Change(1, 10 * Second);
        meter.Change(-1, 13 * Second);
        meter.Average(SixSeconds, 14 * Second).ShouldBe(0.5, 1e-9);
        meter.Average(SixSeconds, 17 * Second).ShouldBe(2 / 6.0, 1e-9);
        meter.Average(Minute, 60 * Second).ShouldBe(3 / 60.0, 1e-9);
    }

    [Fact]
    public void A_function_younger_than_the_window_is_averaged_over_its_life()
    {
        var meter = new ConcurrencyMeter(1000 * Second, Second);
        meter.Change(2, 1000 * Second);
        meter.Average(Minute, 1001 * Second).ShouldBe(2);
        meter.Change(-2, 1001 * Second);
        meter.Average(Minute, 1004 * Second).ShouldBe(0.5, 1e-9);
    }

    [Fact]
    public void After_a_day_of_silence_nothing_is_left()
    {
        var meter = new ConcurrencyMeter(0, Second);
        meter.Change(40, 0);
        meter.Change(-40, 30 * Second);
        meter.Average(Minute, 86_400 * Second).ShouldBe(0);
    }

    [Fact]
    public void A_timestamp_that_was_read_before_the_lock_was_had_does_no_harm()
    {
        var meter = new ConcurrencyMeter(0, Second);
        meter.Change(1, 5 * Second);
        meter.Change(1, 4 * Second);
        meter.Average(SixSeconds, 6 * Second).ShouldBe(2 / 6.0, 1e-9);
    }

    [Fact]
    public void A_change_allocates_nothing()
    {
        var meter = new ConcurrencyMeter(0, Second);
        meter.Change(1, 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            meter.Change((i & 1) == 0 ? 1 : -1, i * 1000L);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    // Changes on whole seconds, where the buckets are exact; the plain sum over all changes is the truth.
    [Fact]
    public void The_average_is_that_of_the_whole_history() => Prop.ForAll<(byte Gap, sbyte Delta)[], byte>((changes, after) =>
    {
        var meter = new ConcurrencyMeter(0, Second);
        var history = new List<(long Second, int Concurrency)> { (0, 0) };
        var (now, concurrency) = (0L, 0);
        foreach (var (gap, delta) in changes)
        {
            now += gap % 20;
            var bounded = Math.Max(delta, -concurrency);
            concurrency += bounded;
            meter.Change(bounded, now * Second);
            history.Add((now, concurrency));
        }

        now += after;
        return new[] { 6, 17, 60 }.All(window => Math.Abs(meter.Average(TimeSpan.FromSeconds(window), now * Second) - Truth(history, now, window)) < 1e-6);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_average_lies_between_the_least_and_the_most_whenever_it_is_asked_for() => Prop.ForAll<(ushort Gap, byte Level)[]>(changes =>
    {
        var meter = new ConcurrencyMeter(0, Second);
        var now = 0L;
        foreach (var (gap, level) in changes)
        {
            now += gap * 1000L;
            meter.Change(level - meter.Concurrency, now);
            var average = meter.Average(SixSeconds, now + gap);
            if (average < 0 || average > changes.Max(c => c.Level))
            {
                return false;
            }
        }

        return true;
    }).QuickCheckThrowOnFailure();

    private static double Truth(List<(long Second, int Concurrency)> history, long now, int window)
    {
        var from = Math.Max(0, now - window);
        if (from == now)
        {
            return history[^1].Concurrency;
        }

        var integral = 0L;
        for (var second = from; second < now; second++)
        {
            integral += history.FindLast(h => h.Second <= second).Concurrency;
        }

        return (double)integral / (now - from);
    }
}
