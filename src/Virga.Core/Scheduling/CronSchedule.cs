using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Virga.Core.Scheduling;

/// <summary>
/// A recurring time as cron writes it: minute, hour, day of month, month, day of week; or <c>@hourly</c>, <c>@daily</c>, <c>@weekly</c>,
/// <c>@monthly</c>, <c>@yearly</c>. When both days are restricted, either will do (Vixie's rule).
/// </summary>
/// <remarks>
/// Daylight saving: a time that the clocks skip is run at the first instant after the gap, and one that they repeat is run once, the first time.
/// A schedule of every hour (hour <c>*</c>) goes by elapsed time instead: nothing of it is made up for, and it runs through the repeated hour, too.
/// </remarks>
public sealed class CronSchedule
{
    // The rarest: a date in February that must be a certain day of the week, over a century without a leap year.
    private const int YearsAhead = 40;

    private static readonly Dictionary<string, string> Macros = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@hourly"] = "0 * * * *",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@weekly"] = "0 0 * * 0",
        ["@monthly"] = "0 0 1 * *",
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
    };

    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _daysOfMonth;
    private readonly ulong _months;
    private readonly ulong _daysOfWeek;
    private readonly bool _everyHour;
    private readonly bool _eitherDay;

    private CronSchedule(string text, string[] fields, ulong[] values)
    {
        Text = text;
        (_minutes, _hours, _daysOfMonth, _months, _daysOfWeek) = (values[0], values[1], values[2], values[3], values[4]);
        if ((_daysOfWeek & (1UL << 7)) != 0)
        {
            _daysOfWeek |= 1;
        }

        _everyHour = fields[1] == "*";
        _eitherDay = fields[2][0] != '*' && fields[4][0] != '*';
    }

    /// <summary>The schedule as written.</summary>
    public string Text { get; }

    /// <summary>Reads a schedule; on failure <paramref name="error"/> says what is wrong, where, and how to mend it.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CronSchedule? schedule, [NotNullWhen(false)] out string? error)
    {
        schedule = null;
        var trimmed = text?.Trim() ?? "";
        if (trimmed.StartsWith('@') && !Macros.ContainsKey(trimmed))
        {
            error = $"The schedule '{text}' is not known; there are {string.Join(", ", Macros.Keys)}.";
            return false;
        }

        var expression = Macros.GetValueOrDefault(trimmed, text ?? "");
        var fields = expression.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (fields.Length != 5)
        {
            error = $"The schedule '{text}' has {fields.Length} fields; write five: minute, hour, day of month, month, day of week, such as '30 8 * * mon-fri'.";
            return false;
        }

        CronField[] kinds = [CronField.Minute, CronField.Hour, CronField.DayOfMonth, CronField.Month, CronField.DayOfWeek];
        var values = new ulong[5];
        var position = 0;
        for (var i = 0; i < 5; i++)
        {
            position = expression.IndexOf(fields[i], position, StringComparison.Ordinal);
            if (!kinds[i].TryParse(fields[i], position + 1, out values[i], out var reason))
            {
                error = $"The schedule '{text}' cannot be read at {reason}";
                return false;
            }

            position += fields[i].Length;
        }

        var read = new CronSchedule(trimmed, fields, values);
        if (read.NextLocal(DateTime.UnixEpoch) is null)
        {
            error = $"The schedule '{text}' never comes: none of its months has such a day of month.";
            return false;
        }

        (schedule, error) = (read, null);
        return true;
    }

    /// <summary>Reads a schedule.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong, where, and how to mend it.</exception>
    public static CronSchedule Parse(string text) => TryParse(text, out var schedule, out var error) ? schedule : throw new FormatException(error);

    /// <summary>The first time after <paramref name="after"/>, in a time zone; null when there is none before the calendar's end.</summary>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone) => _everyHour ? NextByElapsedTime(after, zone) : NextByClock(after, zone);

    /// <inheritdoc/>
    public override string ToString() => Text;

    // Local times and the instants they are mapped to go up together, so that the first instant beyond is the next.
    private DateTimeOffset? NextByClock(DateTimeOffset after, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        while (NextLocal(local) is { } next)
        {
            var instant = FirstInstantOf(next, zone);
            if (instant > after)
            {
                return instant;
            }

            local = next;
        }

        return null;
    }

    private static DateTimeOffset FirstInstantOf(DateTime local, TimeZoneInfo zone)
    {
        if (zone.IsInvalidTime(local))
        {
            // In the gap both its ends' offsets are wrong; the instants that they give lie on either side of it.
            var before = local.AddDays(-1);
            var early = new DateTimeOffset(before, zone.GetUtcOffset(before));
            return Transition(early, early.AddDays(2), zone);
        }

        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset);
    }

    private DateTimeOffset? NextByElapsedTime(DateTimeOffset after, TimeZoneInfo zone)
    {
        while (true)
        {
            var from = TimeZoneInfo.ConvertTime(after, zone);
            if (NextLocal(from.DateTime) is not { } next)
            {
                return null;
            }

            var instant = new DateTimeOffset(next, from.Offset);
            if (zone.GetUtcOffset(instant) == from.Offset)
            {
                return instant;
            }

            // The clocks are set in between: what comes is looked for from there, that moment included.
            var transition = Transition(from, instant, zone);
            if (Matches(transition))
            {
                return transition;
            }

            after = transition;
        }
    }

    // The first instant at which the offset is no longer that of the beginning.
    private static DateTimeOffset Transition(DateTimeOffset from, DateTimeOffset to, TimeZoneInfo zone)
    {
        var offset = zone.GetUtcOffset(from);
        var (same, changed) = (from.UtcTicks / TimeSpan.TicksPerSecond, (to.UtcTicks / TimeSpan.TicksPerSecond) + 1);
        while (changed - same > 1)
        {
            var middle = same + ((changed - same) / 2);
            if (zone.GetUtcOffset(new DateTimeOffset(middle * TimeSpan.TicksPerSecond, TimeSpan.Zero)) == offset)
            {
                same = middle;
            }
            else
            {
                changed = middle;
            }
        }

        return TimeZoneInfo.ConvertTime(new DateTimeOffset(changed * TimeSpan.TicksPerSecond, TimeSpan.Zero), zone);
    }

    private bool Matches(DateTimeOffset instant)
    {
        var local = instant.DateTime;
        return local.Second == 0 && Has(_minutes, local.Minute) && Has(_hours, local.Hour) && Has(_months, local.Month) && HasDay(local);
    }

    // The first time of the clock after this one, without regard to a time zone.
    private DateTime? NextLocal(DateTime after)
    {
        var last = Math.Min(after.Year + YearsAhead, DateTime.MaxValue.Year - 1);
        var day = after.Date;
        var time = (after.Hour * 60) + after.Minute + 1;
        while (day.Year <= last)
        {
            if (!Has(_months, day.Month))
            {
                day = new DateTime(day.Year, day.Month, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMonths(1);
            }
            else if (HasDay(day) && NextTime(time) is { } minutes)
            {
                return DateTime.SpecifyKind(day.AddMinutes(minutes), DateTimeKind.Unspecified);
            }
            else
            {
                day = day.AddDays(1);
            }

            time = 0;
        }

        return null;
    }

    // The first minute of the day from this one on.
    private int? NextTime(int time)
    {
        for (var hour = time / 60; hour < 24; hour++, time = 0)
        {
            var minutes = _minutes & (ulong.MaxValue << (time % 60));
            if (Has(_hours, hour) && minutes != 0)
            {
                return (hour * 60) + BitOperations.TrailingZeroCount(minutes);
            }
        }

        return null;
    }

    private bool HasDay(DateTime day)
    {
        var ofMonth = Has(_daysOfMonth, day.Day);
        var ofWeek = Has(_daysOfWeek, (int)day.DayOfWeek);
        return _eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
    }

    private static bool Has(ulong values, int value) => (values & (1UL << value)) != 0;
}
