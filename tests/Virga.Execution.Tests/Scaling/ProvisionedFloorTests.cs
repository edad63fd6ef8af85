using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Virga.Core.Resources;
using Virga.Core.Scheduling;
using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling;

public sealed class ProvisionedFloorTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
    private static readonly TimeZoneInfo Tokyo = TimeZoneInfo.FindSystemTimeZoneById("Asia/Tokyo");

    [Fact]
    public void Without_a_window_nothing_is_promised()
    {
        var floor = new ProvisionedFloor([]);
        floor.At(At("2026-06-01T00:00:00Z")).ShouldBe(0);
        floor.NextChange(At("2026-06-01T00:00:00Z")).ShouldBeNull();
    }

    [Fact]
    public void A_window_without_a_schedule_is_always_open()
    {
        var floor = new ProvisionedFloor([FloorWindow.Always(3)]);
        floor.At(At("2026-06-01T00:00:00Z")).ShouldBe(3);
        floor.NextChange(At("2026-06-01T00:00:00Z")).ShouldBeNull();
    }

    [Fact]
    public void A_window_holds_from_its_beginning_until_before_its_end()
    {
        var floor = new ProvisionedFloor([Window(5, "0 8 * * mon-fri", hours: 10, Berlin)]);
        floor.At(At("2026-06-01T05:59:59Z")).ShouldBe(0);
        floor.At(At("2026-06-01T06:00:00Z")).ShouldBe(5);
        floor.At(At("2026-06-01T15:59:59Z")).ShouldBe(5);
        floor.At(At("2026-06-01T16:00:00Z")).ShouldBe(0);
        floor.NextChange(At("2026-06-01T06:00:00Z")).ShouldBe(At("2026-06-01T16:00:00Z"));
        floor.NextChange(At("2026-06-05T16:00:00Z")).ShouldBe(At("2026-06-08T06:00:00Z"));
    }

    [Fact]
    public void A_window_is_read_from_the_functions_specification()
    {
        var window = FloorWindow.Of(new ProvisionedWindow { Instances = 2, Schedule = "0 8 * * *", Duration = Duration.FromSeconds(3600), TimeZone = "Asia/Tokyo" });
        window.ShouldBe(new FloorWindow(2, window.Schedule, TimeSpan.FromHours(1), Tokyo));
        window.IsOpen(At("2026-06-01T23:30:00Z")).ShouldBeTrue();
        FloorWindow.Of(new ProvisionedWindow { Instances = 3 }).ShouldBe(FloorWindow.Always(3));
    }

    [Fact]
    public void Of_windows_that_overlap_the_greatest_counts()
    {
        var floor = new ProvisionedFloor([FloorWindow.Always(1), Window(2, "0 6 * * *", hours: 12, Berlin), Window(7, "0 9 * * *", hours: 1, Tokyo)]);
        floor.At(At("2026-06-01T00:30:00Z")).ShouldBe(7);
        floor.At(At("2026-06-01T02:00:00Z")).ShouldBe(1);
        floor.At(At("2026-06-01T05:00:00Z")).ShouldBe(2);
        floor.NextChange(At("2026-06-01T00:30:00Z")).ShouldBe(At("2026-06-01T01:00:00Z"));
        floor.NextChange(At("2026-06-01T02:00:00Z")).ShouldBe(At("2026-06-01T04:00:00Z"));
    }

    [Fact]
    public void A_window_that_opens_again_before_it_closes_is_never_closed()
    {
        var floor = new ProvisionedFloor([Window(2, "0 * * * *", hours: 2, Berlin)]);
        floor.At(At("2026-06-01T00:30:00Z")).ShouldBe(2);
        floor.NextChange(At("2026-06-01T00:30:00Z")).ShouldBeNull();
    }

    // Berlin, 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
    [Fact]
    public void A_window_in_the_gap_of_the_clocks_opens_after_it_and_is_as_long_as_ever()
    {
        var floor = new ProvisionedFloor([Window(4, "30 2 * * *", hours: 2, Berlin)]);
        floor.At(At("2026-03-29T00:59:59Z")).ShouldBe(0);
        floor.At(At("2026-03-29T01:00:00Z")).ShouldBe(4);
        floor.NextChange(At("2026-03-29T01:00:00Z")).ShouldBe(At("2026-03-29T03:00:00Z"));
    }

    [Fact]
    public void A_window_in_the_hour_that_the_clocks_repeat_opens_once()
    {
        var floor = new ProvisionedFloor([new FloorWindow(4, CronSchedule.Parse("30 2 * * *"), TimeSpan.FromMinutes(20), Berlin)]);
        floor.At(At("2026-10-25T00:40:00Z")).ShouldBe(4);
        floor.At(At("2026-10-25T01:40:00Z")).ShouldBe(0);
    }

    [Fact]
    public void Between_two_changes_the_promise_is_the_same() => Prop.ForAll(Windows(), Gen.Choose(0, 500_000).ToArbitrary(), (windows, minutes) =>
    {
        var floor = new ProvisionedFloor(windows);
        var at = At("2026-01-01T00:00:00Z").AddMinutes(minutes);
        var now = floor.At(at);
        var end = floor.NextChange(at) ?? at.AddDays(2);
        for (var instant = at; instant < end && instant < at.AddDays(2); instant = instant.AddMinutes(1))
        {
            if (floor.At(instant) != now)
            {
                return false;
            }
        }

        return floor.NextChange(at) is not { } change || floor.At(change) != now;
    }).QuickCheckThrowOnFailure();

    private static Arbitrary<FloorWindow[]> Windows() => Arb.From((
        from instances in Gen.Choose(1, 9)
        from minute in Gen.Choose(0, 59)
        from hour in Gen.Choose(0, 23)
        from length in Gen.Choose(1, 3000)
        from zone in Gen.Elements(Berlin, Tokyo, TimeZoneInfo.Utc)
        select new FloorWindow(instances, CronSchedule.Parse($"{minute} {hour} * * *"), TimeSpan.FromMinutes(length), zone)).ArrayOf(3));

    private static FloorWindow Window(int instances, string schedule, int hours, TimeZoneInfo zone) => new(instances, CronSchedule.Parse(schedule), TimeSpan.FromHours(hours), zone);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
