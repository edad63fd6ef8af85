using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Virga.Core.Scheduling;

namespace Virga.Core.Tests.Scheduling;

public sealed class CronScheduleTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
    private static readonly TimeZoneInfo LordHowe = TimeZoneInfo.FindSystemTimeZoneById("Australia/Lord_Howe");

    [Theory]
    [InlineData("* * * * *", "2026-03-01T10:00:30Z", "2026-03-01T10:01:00Z")]
    [InlineData("0 * * * *", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z")]
    [InlineData("30 8 * * *", "2026-03-01T10:00:00Z", "2026-03-02T08:30:00Z")]
    [InlineData("*/15 9-17 * * mon-fri", "2026-03-06T17:45:00Z", "2026-03-09T09:00:00Z")]
    [InlineData("5/20 0 1 jan *", "2026-01-01T00:05:00Z", "2026-01-01T00:25:00Z")]
    [InlineData("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z")]
    [InlineData("0 12 * * 7", "2026-03-02T00:00:00Z", "2026-03-08T12:00:00Z")]
    [InlineData("0 12 * * fri-sun", "2026-03-07T12:00:00Z", "2026-03-08T12:00:00Z")]
    [InlineData("0 12 * * SUN,wed", "2026-03-02T00:00:00Z", "2026-03-04T12:00:00Z")]
    [InlineData("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z")]
    [InlineData("@weekly", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z")]
    [InlineData("@monthly", "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z")]
    public void The_next_time_is_the_first_that_matches(string schedule, string after, string next) =>
        CronSchedule.Parse(schedule).Next(At(after), TimeZoneInfo.Utc).ShouldBe(At(next));

    [Fact]
    public void Of_a_day_of_month_and_a_day_of_week_either_will_do() =>
        Times("0 0 13 * fri", "2026-03-01T00:00:00Z", TimeZoneInfo.Utc, 4).ShouldBe([At("2026-03-06T00:00:00Z"), At("2026-03-13T00:00:00Z"), At("2026-03-20T00:00:00Z"), At("2026-03-27T00:00:00Z")]);

    [Fact]
    public void A_day_that_begins_with_a_star_restricts_the_other() =>
        CronSchedule.Parse("0 0 */2 * mon").Next(At("2026-03-01T00:00:00Z"), TimeZoneInfo.Utc).ShouldBe(At("2026-03-09T00:00:00Z"));

    [Theory]
    [InlineData("0 25 * * *", "character 3, hour '25'", "from 0 to 23")]
    [InlineData("0 0 * foo *", "character 7, month 'foo'", "jan to dec")]
    [InlineData("0,61 0 * * *", "character 3, minute '61'", "from 0 to 59")]
    [InlineData("0  8 0 * *", "character 6, day of month '0'", "from 1 to 31")]
    [InlineData("*/0 * * * *", "character 1", "step")]
    [InlineData("* 22-3 * * *", "character 3", "22-23,0-3")]
    [InlineData("* * * *", "4 fields", "day of week")]
    [InlineData("0 0 8 * * *", "6 fields", "write five")]
    [InlineData("", "0 fields", "write five")]
    [InlineData("@reboot", "@reboot", "@hourly")]
    [InlineData("0 0 30 2 *", "never comes", "day of month")]
    [InlineData("-5 * * * *", "character 1", "minute")]
    [InlineData("5, * * * *", "character 3", "minute")]
    public void What_is_no_schedule_is_refused_with_its_place_and_the_way_to_mend_it(string text, string place, string advice)
    {
        var message = Should.Throw<FormatException>(() => CronSchedule.Parse(text)).Message;
        message.ShouldContain(place);
        message.ShouldContain(advice);
    }

    // Berlin, 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
    [Fact]
    public void A_time_that_the_clocks_skip_runs_right_after_the_gap() =>
        Times("30 2 * * *", "2026-03-28T00:00:00Z", Berlin, 3).ShouldBe([At("2026-03-28T01:30:00Z"), At("2026-03-29T01:00:00Z"), At("2026-03-30T00:30:00Z")]);

    [Fact]
    public void Several_times_in_one_gap_run_once() =>
        Times("0,20,40 2,3 * * *", "2026-03-29T00:00:00Z", Berlin, 3).ShouldBe([At("2026-03-29T01:00:00Z"), At("2026-03-29T01:20:00Z"), At("2026-03-29T01:40:00Z")]);

    [Fact]
    public void A_time_that_the_clocks_repeat_runs_the_first_time_only() =>
        Times("30 2 * * *", "2026-10-24T12:00:00Z", Berlin, 2).ShouldBe([At("2026-10-25T00:30:00Z"), At("2026-10-26T01:30:00Z")]);

    [Fact]
    public void Asked_within_the_repeated_hour_a_time_that_has_run_does_not_come_again() =>
        CronSchedule.Parse("30 2 * * *").Next(At("2026-10-25T01:10:00Z"), Berlin).ShouldBe(At("2026-10-26T01:30:00Z"));

    [Fact]
    public void Every_hour_means_an_hour_apart_whatever_the_clocks_do()
    {
        Times("30 * * * *", "2026-10-24T23:45:00Z", Berlin, 4).ShouldBe([At("2026-10-25T00:30:00Z"), At("2026-10-25T01:30:00Z"), At("2026-10-25T02:30:00Z"), At("2026-10-25T03:30:00Z")]);
        Times("0 * * * *", "2026-03-28T23:30:00Z", Berlin, 3).ShouldBe([At("2026-03-29T00:00:00Z"), At("2026-03-29T01:00:00Z"), At("2026-03-29T02:00:00Z")]);
    }

    [Fact]
    public void A_zone_whose_clocks_move_by_half_an_hour_is_served_as_well() =>
        // Lord Howe, 4 October 2026: 02:00 becomes 02:30.
        CronSchedule.Parse("15 2 * * *").Next(At("2026-10-03T12:00:00Z"), LordHowe).ShouldBe(At("2026-10-03T15:30:00Z"));

    [Fact]
    public void Times_go_up_and_none_is_left_out() => Prop.ForAll(Gen.Choose(0, 59).ToArbitrary(), Gen.Choose(0, 23).ToArbitrary(), Gen.Choose(0, 525_600).ToArbitrary(), (minute, hour, start) =>
    {
        var schedule = CronSchedule.Parse($"{minute} {hour} * * *");
        var after = At("2026-01-01T00:00:00Z").AddMinutes(start);
        foreach (var zone in new[] { TimeZoneInfo.Utc, Berlin, LordHowe })
        {
            var first = schedule.Next(after, zone)!.Value;
            var second = schedule.Next(first, zone)!.Value;
            if (first <= after || first - after > TimeSpan.FromHours(26) || second - first < TimeSpan.FromHours(22) || second - first > TimeSpan.FromHours(26))
            {
                return false;
            }
        }

        return true;
    }).QuickCheckThrowOnFailure();

    // The truth, minute by minute, in a zone without daylight saving.
    [Fact]
    public void What_comes_next_is_what_a_look_at_every_minute_finds() => Prop.ForAll(Expressions(), Gen.Choose(0, 500_000).ToArbitrary(), (fields, start) =>
    {
        var schedule = CronSchedule.Parse($"{fields.Minute} {fields.Hour} * * {fields.Day}");
        var after = At("2026-01-01T00:00:00Z").AddMinutes(start);
        var expected = after.AddMinutes(1);
        while (expected.Minute != fields.Minute || expected.Hour != fields.Hour || (int)expected.DayOfWeek != fields.Day)
        {
            expected = expected.AddMinutes(1);
        }

        return schedule.Next(after, TimeZoneInfo.Utc) == expected;
    }).QuickCheckThrowOnFailure();

    private static Arbitrary<(int Minute, int Hour, int Day)> Expressions() => Arb.From(
        from minute in Gen.Choose(0, 59)
        from hour in Gen.Choose(0, 23)
        from day in Gen.Choose(0, 6)
        select (minute, hour, day));

    private static List<DateTimeOffset> Times(string schedule, string after, TimeZoneInfo zone, int count)
    {
        var read = CronSchedule.Parse(schedule);
        var times = new List<DateTimeOffset>();
        for (var at = At(after); times.Count < count; times.Add(at))
        {
            at = read.Next(at, zone)!.Value;
        }

        return times;
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
