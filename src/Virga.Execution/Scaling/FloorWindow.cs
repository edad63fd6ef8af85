using Virga.Core.Resources;
using Virga.Core.Scheduling;

namespace Virga.Execution.Scaling;

/// <summary>A number of instances that a function is promised, always or in recurring windows of time.</summary>
/// <param name="Instances">How many.</param>
/// <param name="Schedule">When the window opens; null means that it is always open.</param>
/// <param name="Duration">How long it stays open, as elapsed time: a change of the clocks makes it neither longer nor shorter.</param>
/// <param name="Zone">The time zone of the schedule.</param>
internal sealed record FloorWindow(int Instances, CronSchedule? Schedule, TimeSpan Duration, TimeZoneInfo Zone)
{
    /// <summary>A floor that always holds.</summary>
    public static FloorWindow Always(int instances) => new(instances, Schedule: null, Duration: default, TimeZoneInfo.Utc);

    /// <summary>The window that a function's specification asks for, which has been checked when the function was deployed.</summary>
    /// <exception cref="FormatException">It has a schedule that is none.</exception>
    /// <exception cref="TimeZoneNotFoundException">It has a time zone that this machine does not know.</exception>
    public static FloorWindow Of(ProvisionedWindow window) => window.Schedule is null
        ? Always(window.Instances)
        : new FloorWindow(window.Instances, CronSchedule.Parse(window.Schedule), window.Duration?.Span ?? TimeSpan.Zero, window.TimeZone is null ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(window.TimeZone));

    /// <summary>Whether it is open at an instant: at its beginning it is, at its end no longer.</summary>
    public bool IsOpen(DateTimeOffset instant) => Schedule is null || FirstOpening(instant) is not null;

    /// <summary>The first instant after this one at which it may open or close; null for a window that is always open.</summary>
    public DateTimeOffset? NextEdge(DateTimeOffset instant)
    {
        var opening = Schedule?.Next(instant, Zone);
        return FirstOpening(instant) is { } open && (opening is null || open + Duration < opening) ? open + Duration : opening;
    }

    // Of openings that overlap, the one whose end comes first.
    private DateTimeOffset? FirstOpening(DateTimeOffset instant) => Schedule?.Next(instant - Duration, Zone) is { } opening && opening <= instant ? opening : null;
}
