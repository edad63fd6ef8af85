using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Telemetry.Logs;
using Virga.Telemetry.Metering;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Api;

/// <summary>Reads names and query parameters of a request; what cannot be read is a problem that names it.</summary>
internal static class Parameters
{
    private static readonly (string Name, UsageGrouping Value)[] GroupingNames =
        [("function", UsageGrouping.Function), ("version", UsageGrouping.Version), ("hour", UsageGrouping.Hour), ("tenant", UsageGrouping.Tenant)];

    private static readonly (string Name, bool Value)[] FormatNames = [("json", false), ("csv", true)];

    public static FunctionName Function(HttpContext http) => new(Name(http, "tenant"), Name(http, "namespace"), Name(http, "name"));

    /// <summary>A name in the path; <c>default</c> when the path is a short one.</summary>
    public static ResourceName Name(HttpContext http, string parameter) => http.GetRouteValue(parameter) switch
    {
        null => ResourceName.Default,
        string text when ResourceName.TryParse(text, out var name) => name,
        var text => throw new ProblemException(KnownProblems.InvalidName($"The {parameter} '{ResourceName.Shorten(text.ToString())}' is no valid name.")),
    };

    public static InvocationId Id(string? text) =>
        InvocationId.TryParse(text, out var id) ? id : throw Invalid($"'{ResourceName.Shorten(text)}' is no invocation id.", "Use the 26 characters of the Virga-Invocation-Id header.");

    public static LogQuery LogQuery(HttpContext http, TimeProvider time) => new()
    {
        Invocation = Optional(http, "invocation") is { } id ? Id(id) : null,
        Level = Level(http),
        Since = Instant(http, "since", time),
        Contains = Optional(http, "contains"),
        Limit = Limit(http, 200, Logs.LogQuery.MaxLimit),
    };

    public static UsageQuery UsageQuery(HttpContext http, TimeProvider time) => new()
    {
        Outcome = OutcomeOf(http),
        Since = Instant(http, "since", time),
        Limit = Limit(http, 50, Usage.UsageQuery.MaxLimit),
    };

    /// <summary>The usage of a namespace; that of whole tenants when it is grouped by them, of all where the path names none.</summary>
    public static UsageReportQuery UsageReportQuery(HttpContext http, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var by = Choice(http, "by", "function", GroupingNames);
        var query = new UsageReportQuery
        {
            By = by,
            Since = Instant(http, "since", time) ?? now - TimeSpan.FromHours(24),
            // Also when an hour begins this very moment.
            Until = Instant(http, "until", time) ?? now + TimeSpan.FromTicks(1),
            Tenant = by == UsageGrouping.Tenant && http.GetRouteValue("tenant") is null ? null : Name(http, "tenant"),
            Namespace = by == UsageGrouping.Tenant ? null : Name(http, "namespace"),
            Function = Optional(http, "function") is not { } text ? null
                : ResourceName.TryParse(text, out var name) ? name
                : throw new ProblemException(KnownProblems.InvalidName($"function: '{ResourceName.Shorten(text)}' is no valid name.")),
        };
        return query.Since < query.Until
            ? query
            : throw Invalid($"since ({query.Since.UtcDateTime:s}Z) is not before until ({query.Until.UtcDateTime:s}Z).", "Give a since that lies before until; until is now when it is left out.");
    }

    /// <summary>Whether CSV is wanted, rather than JSON.</summary>
    public static bool IsCsv(HttpContext http) => Choice(http, "format", "json", FormatNames);

    public static bool Flag(HttpContext http, string parameter) => Optional(http, parameter) switch
    {
        null or "false" => false,
        "true" => true,
        var text => throw Invalid($"{parameter}: '{ResourceName.Shorten(text)}' is neither true nor false.", $"Use {parameter}=true or {parameter}=false."),
    };

    private static FunctionLogLevel Level(HttpContext http)
    {
        var text = Optional(http, "level");
        Span<byte> name = stackalloc byte[8];
        return text is null ? FunctionLogLevel.Debug
            : System.Text.Encoding.UTF8.TryGetBytes(text, name, out var length) && LogLineFormat.TryParseLevel(name[..length], out var level) ? level
            : throw Invalid($"level: '{ResourceName.Shorten(text)}' is no log level.", "Use debug, info, warn or error.");
    }

    private static Outcome? OutcomeOf(HttpContext http) => Optional(http, "outcome") switch
    {
        null => null,
        var text when OutcomeNames.TryParse(text, out var outcome) => outcome,
        var text => throw Invalid(
            $"outcome: '{ResourceName.Shorten(text)}' is no outcome.",
            $"Use one of {string.Join(", ", Enum.GetValues<Outcome>().Select(static outcome => OutcomeNames.Of(outcome).Value))}."),
    };

    private static T Choice<T>(HttpContext http, string parameter, string standard, (string Name, T Value)[] choices)
    {
        var text = Optional(http, parameter) ?? standard;
        var index = Array.FindIndex(choices, choice => string.Equals(choice.Name, text, StringComparison.Ordinal));
        return index >= 0
            ? choices[index].Value
            : throw Invalid($"{parameter}: '{ResourceName.Shorten(text)}' is not known.", $"Use one of {string.Join(", ", choices.Select(static choice => choice.Name))}.");
    }

    private static DateTimeOffset? Instant(HttpContext http, string parameter, TimeProvider time)
    {
        var text = Optional(http, parameter);
        return text is null ? null
            : Duration.TryParse(text, out var ago) ? time.GetUtcNow() - ago.Span
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant
            : throw Invalid($"{parameter}: '{ResourceName.Shorten(text)}' is neither a duration nor a time.", "Use 15m, 2h, 7d, or a time such as 2026-01-31T12:00:00Z.");
    }

    private static int Limit(HttpContext http, int standard, int greatest) => Optional(http, "limit") switch
    {
        null => standard,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= greatest => limit,
        var text => throw Invalid($"limit: '{ResourceName.Shorten(text)}' is no limit.", $"Use a number from 1 to {greatest}."),
    };

    private static string? Optional(HttpContext http, string parameter) =>
        http.Request.Query.TryGetValue(parameter, out var values) && values is [{ Length: > 0 } text] ? text
        : values.Count > 1 ? throw Invalid($"{parameter} is given {values.Count} times.", "Give it once.")
        : null;

    private static ProblemException Invalid(string detail, string fix) => new(KnownProblems.InvalidRequest(detail, fix));
}
