using System.Globalization;

namespace Virga.Core.Scheduling;

/// <summary>One of the five fields of a schedule: what it is called and which values it takes.</summary>
internal sealed record CronField(string Name, int Lowest, int Highest, params string[] ValueNames)
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    public static CronField Minute { get; } = new("minute", 0, 59);

    public static CronField Hour { get; } = new("hour", 0, 23);

    public static CronField DayOfMonth { get; } = new("day of month", 1, 31);

    public static CronField Month { get; } = new("month", 1, 12, Months);

    /// <summary>7 is Sunday as well as 0.</summary>
    public static CronField DayOfWeek { get; } = new("day of week", 0, 7, Days);

    /// <summary>Reads a list of values, ranges and steps into a set of bits; on failure <paramref name="error"/> says where and why.</summary>
    /// <param name="text">The field.</param>
    /// <param name="position">Where it begins in the schedule, counted from 1.</param>
    /// <param name="values">Bit n is set when the field takes n.</param>
    /// <param name="error">Null on success.</param>
    public bool TryParse(string text, int position, out ulong values, out string? error)
    {
        values = 0;
        foreach (var part in text.Split(','))
        {
            error = ParsePart(part, out var from, out var to, out var step);
            if (error is not null)
            {
                error = string.Create(CultureInfo.InvariantCulture, $"character {position}, {Name} '{part}': {error}");
                return false;
            }

            for (var value = from; value <= to; value += step)
            {
                values |= 1UL << value;
            }

            position += part.Length + 1;
        }

        error = null;
        return true;
    }

    private string? ParsePart(string part, out int from, out int to, out int step)
    {
        (from, to, step) = (Lowest, Highest, 1);
        var slash = part.IndexOf('/', StringComparison.Ordinal);
        var range = slash < 0 ? part : part[..slash];
        if (slash >= 0 && (!int.TryParse(part[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out step) || step < 1 || step > Highest))
        {
            step = 1;
            return $"the step after '/' is a number from 1 to {Highest}.";
        }

        if (range == "*")
        {
            return null;
        }

        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var first = dash < 0 ? range : range[..dash];
        if (!TryValue(first, out from))
        {
            return NoValue(first);
        }

        // A value with a step goes on to the end: 5/15 is 5,20,35,50.
        to = slash < 0 ? from : Highest;
        if (dash < 0)
        {
            return null;
        }

        var last = range[(dash + 1)..];
        if (!TryValue(last, out to))
        {
            return NoValue(last);
        }

        // A week may end on Sunday: fri-sun.
        if (this == DayOfWeek && to == 0 && from > 0)
        {
            to = 7;
        }

        return from <= to ? null : $"a range goes upwards; write {first}-{Highest},{Lowest}-{last} for one that goes over the end.";
    }

    private bool TryValue(string text, out int value)
    {
        var name = Array.FindIndex(ValueNames, n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (name >= 0)
        {
            value = Lowest + name;
            return true;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= Lowest && value <= Highest;
    }

    private string NoValue(string text)
    {
        var names = ValueNames.Length > 0 ? $", or {ValueNames[0]} to {ValueNames[^1]}" : "";
        return $"'{text}' is no {Name}; it is a number from {Lowest} to {Highest}{names}.";
    }
}
