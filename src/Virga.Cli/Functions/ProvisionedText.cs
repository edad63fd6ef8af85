using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary>A window of provisioned instances as a user writes it: <c>5</c>, or <c>5 @ 0 8 * * 1-5 for 10h in Europe/Berlin</c>.</summary>
internal static partial class ProvisionedText
{
    /// <summary>What can be written, for messages.</summary>
    public const string Form = "N, or N @ CRON for DURATION [in ZONE], such as \"5 @ 0 8 * * 1-5 for 10h in Europe/Berlin\"";

    /// <summary>Reads a window.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ProvisionedWindow? window)
    {
        window = null;
        if (Window().Match(text) is not { Success: true } match || !int.TryParse(match.Groups["n"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var instances))
        {
            return false;
        }

        if (!match.Groups["cron"].Success)
        {
            window = new ProvisionedWindow { Instances = instances };
            return true;
        }

        if (!Duration.TryParse(match.Groups["duration"].Value, out var duration))
        {
            return false;
        }

        window = new ProvisionedWindow
        {
            Instances = instances,
            Schedule = match.Groups["cron"].Value,
            Duration = duration,
            TimeZone = match.Groups["zone"] is { Success: true, Value: var zone } ? zone : null,
        };
        return true;
    }

    /// <summary>Writes a window as it is read.</summary>
    public static string Show(ProvisionedWindow window) => window.Schedule is null
        ? window.Instances.ToString(CultureInfo.InvariantCulture)
        : $"{window.Instances} @ {window.Schedule} for {window.Duration}{(window.TimeZone is null ? "" : $" in {window.TimeZone}")}";

    [GeneratedRegex(@"^\s*(?<n>\d+)(\s*@\s*(?<cron>\S.*?)\s+for\s+(?<duration>\S+)(\s+in\s+(?<zone>\S+))?)?\s*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Window();
}
