using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Api;

/// <summary>Reads what the endpoints of shared state have in common: scope, key, query parameters, preconditions. What cannot be read is a problem that names it.</summary>
internal static class StateRequest
{
    /// <summary>Tenant and namespace of the path; <c>default</c> in its short form.</summary>
    public static Scope Scope(HttpContext http) => new(Name(http, "tenant"), Name(http, "namespace"));

    /// <summary>The key that the path names.</summary>
    public static StateKey Key(HttpContext http) => KeyPath.Read(http, Scope(http));

    /// <summary>The key that the path names, to be changed.</summary>
    /// <exception cref="ProblemException"><c>reserved-key</c>: the platform keeps something there.</exception>
    public static StateKey WritableKey(HttpContext http)
    {
        var key = Key(http);
        return key.IsReserved ? throw new ProblemException(KnownProblems.ReservedKey($"The key '{ResourceName.Shorten(key.Text)}' belongs to the platform.")) : key;
    }

    /// <summary>What the key must be for the write to happen; null when anything will do.</summary>
    public static StateCondition? Condition(HttpContext http)
    {
        var (match, noneMatch) = (http.Request.Headers.IfMatch.ToString(), http.Request.Headers.IfNoneMatch.ToString());
        return (match, noneMatch) switch
        {
            ("", "") => null,
            ("", "*") => new StateCondition(StateVersion.Absent),
            ("", _) => throw Invalid("If-None-Match must be '*': the key must not exist.", "Use If-Match with the version that you read."),
            (_, "") => StateVersion.TryParse(match.Trim('"'), out var version) && version != StateVersion.Absent
                ? new StateCondition(version)
                : throw Invalid($"If-Match is '{ResourceName.Shorten(match)}'; it must be a version in quotes.", "Use the ETag of the answer in which you read the key."),
            _ => throw Invalid("If-Match and If-None-Match exclude each other.", "Use If-Match for a key that exists, If-None-Match: * for one that does not."),
        };
    }

    /// <summary>How long a value is to stay; null for good.</summary>
    public static TimeSpan? TimeToLive(HttpContext http) => Parameter(http, "ttl") switch
    {
        null => null,
        var text when Duration.TryParse(text, out var span) && span.Span > TimeSpan.Zero => span.Span,
        var text => throw Invalid($"ttl is '{ResourceName.Shorten(text)}'; it must be a duration above zero.", "Use 250ms, 30s, 2m, 1h or 7d."),
    };

    /// <summary>How long to wait for something to happen; not at all unless the request says so.</summary>
    public static TimeSpan Wait(HttpContext http, TimeSpan most) => Parameter(http, "wait") switch
    {
        null => TimeSpan.Zero,
        var text when Duration.TryParse(text, out var span) && span.Span <= most => span.Span,
        var text => throw Invalid($"wait is '{ResourceName.Shorten(text)}'; it must be a duration up to {new Duration(most)}.", "Use 30s, and ask again."),
    };

    /// <summary>Beginning of the keys that are wanted; empty for all.</summary>
    public static string Prefix(HttpContext http) => Parameter(http, "prefix") switch
    {
        null => "",
        var text when StateKey.IsValid(text) => text,
        var text => throw new ProblemException(KnownProblems.InvalidKey($"The prefix '{ResourceName.Shorten(text)}' begins no valid key.")),
    };

    /// <summary>Where the change feed is to be read from; null for its end.</summary>
    public static long? Cursor(HttpContext http)
    {
        var text = Parameter(http, "cursor") ?? (http.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last ? last : null);
        return text is null ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cursor) ? cursor
            : throw Invalid($"The cursor '{ResourceName.Shorten(text)}' is no number.", "Use the cursor of an earlier answer, or leave it out to begin now.");
    }

    /// <summary>How many items are wanted at most.</summary>
    public static int Limit(HttpContext http, int standard, int greatest) => Parameter(http, "limit") switch
    {
        null => standard,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= greatest => limit,
        var text => throw Invalid($"limit is '{ResourceName.Shorten(text)}'; it must be a number from 1 to {greatest}.", $"Use a number from 1 to {greatest}."),
    };

    /// <summary>A query parameter; null when it is absent or empty.</summary>
    public static string? Parameter(HttpContext http, string parameter) =>
        http.Request.Query.TryGetValue(parameter, out var values) && values is [{ Length: > 0 } text] ? text
        : values.Count > 1 ? throw Invalid($"{parameter} is given {values.Count} times.", "Give it once.")
        : null;

    private static ProblemException Invalid(string detail, string fix) => new(KnownProblems.InvalidRequest(detail, fix));

    private static ResourceName Name(HttpContext http, string part) => http.GetRouteValue(part) switch
    {
        null => ResourceName.Default,
        string text when ResourceName.TryParse(text, out var name) => name,
        var text => throw new ProblemException(KnownProblems.InvalidName($"The {part} '{ResourceName.Shorten(text.ToString())}' is no valid name.")),
    };
}
