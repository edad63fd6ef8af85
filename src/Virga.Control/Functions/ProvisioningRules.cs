using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Scheduling;

namespace Virga.Control.Functions;

/// <summary>What the windows of provisioned instances may say.</summary>
internal static class ProvisioningRules
{
    private const int MaxWindows = 20;

    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(7);

    /// <exception cref="ProblemException"><c>invalid-spec</c>.</exception>
    public static void Check(FunctionSpec spec)
    {
        if (spec.Provisioned.Count > MaxWindows)
        {
            throw Refuse($"provisioned has {spec.Provisioned.Count} windows; {MaxWindows} are allowed.", "Put windows together that have the same number of instances.");
        }

        for (var i = 0; i < spec.Provisioned.Count; i++)
        {
            var window = spec.Provisioned[i] ?? throw Refuse($"provisioned[{i}] is null.", "Give each window a number of instances, or take it out.");
            CheckWindow(window, $"provisioned[{i}]", spec.MaxInstances);
        }
    }

    private static void CheckWindow(ProvisionedWindow window, string member, int maxInstances)
    {
        if (window.Instances < 1 || window.Instances > maxInstances)
        {
            throw Refuse($"{member}.instances is {window.Instances}; it must be from 1 to maxInstances, which is {maxInstances}.", "Provision fewer instances, or raise maxInstances.");
        }

        if (window.Schedule is null)
        {
            if (window.Duration is not null || window.TimeZone is not null)
            {
                throw Refuse($"{member} has a {(window.Duration is null ? "timeZone" : "duration")} but no schedule.", "Say in schedule when the window opens, or leave the other members out: without a schedule it is always open.");
            }

            return;
        }

        if (!CronSchedule.TryParse(window.Schedule, out _, out var error))
        {
            throw Refuse($"{member}.schedule is '{ResourceName.Shorten(window.Schedule)}': {error}", "Write it as minute, hour, day of the month, month and day of the week, such as 0 8 * * 1-5.");
        }

        if (window.Duration is not { } duration)
        {
            throw Refuse($"{member} has a schedule but no duration.", "Say in duration how long the window stays open, such as 10h.");
        }

        if (duration.Span <= TimeSpan.Zero || duration.Span > MaxDuration)
        {
            throw Refuse($"{member}.duration is {duration}; it must be over 0s and at most 7d.", "For instances that are always there, leave schedule and duration out.");
        }

        if (window.TimeZone is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            throw Refuse($"{member}.timeZone is '{ResourceName.Shorten(zone)}', which this node does not know.", "Use an IANA name such as Europe/Berlin; leave it out for UTC.");
        }
    }

    private static ProblemException Refuse(string detail, string fix) => new(KnownProblems.InvalidSpec(detail, fix));
}
