using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Api;

/// <summary>Reads what the endpoints of topics have in common. What cannot be read is a problem that names it.</summary>
internal static class TopicRequest
{
    /// <summary>Tenant and namespace of the path; <c>default</c> in its short form.</summary>
    public static Scope Scope(HttpContext http) => new(Name(http, "tenant"), Name(http, "namespace"));

    /// <summary>The topic that the path names: a local name, or a full one with its slashes percent-encoded.</summary>
    public static TopicName Topic(HttpContext http)
    {
        // The server decodes everything of a path but slashes.
        var text = ((string?)http.GetRouteValue("topic") ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (!TopicName.TryParse(text, Scope(http), out var topic))
        {
            throw new ProblemException(KnownProblems.InvalidName($"'{ResourceName.Shorten(text)}' is no valid name of a topic.") with { Fix = $"Use {TopicName.Rule}." });
        }

        return Parameter(http, "domain") switch
        {
            null => topic,
            "persistent" => TopicName.Parse($"persistent://{topic.Tenant}/{topic.Namespace}/{topic.Local}"),
            "non-persistent" => TopicName.Parse($"non-persistent://{topic.Tenant}/{topic.Namespace}/{topic.Local}"),
            var other => throw Invalid($"domain is '{ResourceName.Shorten(other)}'.", "Use persistent or non-persistent."),
        };
    }

    /// <summary>The subscription that the path names.</summary>
    public static SubscriptionName Subscription(HttpContext http) =>
        Subscription(((string?)http.GetRouteValue("subscription") ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase));

    /// <summary>A subscription's name.</summary>
    public static SubscriptionName Subscription(string text) => SubscriptionName.TryParse(text, out var name)
        ? name
        : throw new ProblemException(KnownProblems.InvalidName($"'{ResourceName.Shorten(text)}' is no valid name of a subscription.") with { Fix = $"Use 1 to {SubscriptionName.MaxLength} characters without control characters." });

    /// <summary>How a subscription is shared.</summary>
    public static SubscriptionType Type(string? text) => text switch
    {
        null or "exclusive" => SubscriptionType.Exclusive,
        "shared" => SubscriptionType.Shared,
        "failover" => SubscriptionType.Failover,
        "key_shared" => SubscriptionType.KeyShared,
        _ => throw Invalid($"type is '{ResourceName.Shorten(text)}'.", "Use exclusive, shared, failover or key_shared."),
    };

    /// <summary>The name of how a subscription is shared.</summary>
    public static string? NameOf(SubscriptionType? type) => type switch
    {
        null => null,
        SubscriptionType.Exclusive => "exclusive",
        SubscriptionType.Shared => "shared",
        SubscriptionType.Failover => "failover",
        _ => "key_shared",
    };

    /// <summary>A place in a topic: <c>earliest</c>, <c>latest</c>, a message's id, a time, or a duration back from now.</summary>
    public static (MessageId Id, DateTimeOffset? At) Place(string what, string? text, TimeProvider time) => text switch
    {
        null or "latest" => (new MessageId(Position.Latest), null),
        "earliest" => (new MessageId(Position.Earliest), null),
        _ when MessageId.TryParse(text, out var id) => (id, null),
        _ when Duration.TryParse(text, out var back) => (new MessageId(Position.Latest), time.GetUtcNow() - back.Span),
        _ when Time(text) is { } at => (new MessageId(Position.Latest), at),
        _ => throw Invalid($"{what} is '{ResourceName.Shorten(text)}'.", "Use earliest, latest, a message's id such as 12:3, a time such as 2030-01-31T12:00:00Z, or a duration back such as 10m."),
    };

    /// <summary>A time; null where it cannot be read.</summary>
    public static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds < 253_402_300_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
        : null;

    /// <summary>A whole number within limits; null where it is not given.</summary>
    public static int? Count(HttpContext http, string parameter, int least, int most) => Parameter(http, parameter) switch
    {
        null => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least && count <= most => count,
        var text => throw Invalid($"{parameter} is '{ResourceName.Shorten(text)}'; it must be a number from {least} to {most}.", $"Use a number from {least} to {most}."),
    };

    /// <summary>A duration above zero; null where it is not given.</summary>
    public static TimeSpan? Span(HttpContext http, string parameter) => Parameter(http, parameter) switch
    {
        null => null,
        var text when Duration.TryParse(text, out var span) && span.Span > TimeSpan.Zero => span.Span,
        var text => throw Invalid($"{parameter} is '{ResourceName.Shorten(text)}'; it must be a duration above zero.", "Use 250ms, 30s, 2m, 1h or 7d."),
    };

    /// <summary>A truth; false where it is not given.</summary>
    public static bool Flag(HttpContext http, string parameter) => Parameter(http, parameter) switch
    {
        null or "false" => false,
        "true" => true,
        var text => throw Invalid($"{parameter} is '{ResourceName.Shorten(text)}'.", "Use true or false."),
    };

    /// <summary>A query parameter; null when it is absent or empty.</summary>
    public static string? Parameter(HttpContext http, string parameter) =>
        http.Request.Query.TryGetValue(parameter, out var values) && values is [{ Length: > 0 } text] ? text
        : values.Count > 1 ? throw Invalid($"{parameter} is given {values.Count} times.", "Give it once.")
        : null;

    /// <summary>400.</summary>
    public static ProblemException Invalid(string detail, string fix) => new(KnownProblems.InvalidRequest(detail, fix));

    private static ResourceName Name(HttpContext http, string part) => http.GetRouteValue(part) switch
    {
        null => ResourceName.Default,
        string text when ResourceName.TryParse(TopicName.Own(text), out var name) => name,
        var text => throw new ProblemException(KnownProblems.InvalidName($"The {part} '{ResourceName.Shorten(text.ToString())}' is no valid name.")),
    };
}
