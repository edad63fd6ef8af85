using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Names;

namespace Virga.Pulsar.WebSockets;

/// <summary>Reads the path and the parameters of a socket, named as Pulsar names them.</summary>
internal static class SocketRequest
{
    /// <summary>The topic of the path.</summary>
    /// <exception cref="ProblemException"><c>invalid-name</c>.</exception>
    public static TopicName Topic(HttpContext http)
    {
        var text = $"{Domain(http)}://{Part(http, "tenant")}/{Part(http, "ns")}/{Part(http, "topic")}";
        return TopicName.TryParse(text, Scope.Default, out var topic) ? topic : throw new ProblemException(KnownProblems.InvalidName($"'{ResourceName.Shorten(text)}' is no valid name of a topic.") with { Fix = $"Use {TopicName.Rule}." });
    }

    /// <summary>The domain of the path: its first part that is the name of one.</summary>
    public static string Domain(HttpContext http) => http.Request.Path.Value!.Split('/').First(static part => part is "persistent" or "non-persistent");

    /// <summary>The subscription of the path.</summary>
    /// <exception cref="ProblemException"><c>invalid-name</c>.</exception>
    public static SubscriptionName Subscription(HttpContext http) => SubscriptionName.TryParse(Part(http, "subscription"), out var name)
        ? name
        : throw new ProblemException(KnownProblems.InvalidName($"'{ResourceName.Shorten(Part(http, "subscription"))}' is no valid name of a subscription.") with { Fix = $"Use 1 to {SubscriptionName.MaxLength} characters without control characters." });

    /// <summary>A parameter; null where it is missing.</summary>
    public static string? Text(HttpContext http, string name) => http.Request.Query[name] is [{ Length: > 0 } text, ..] ? text : null;

    /// <summary>A number of a parameter; null where it is missing.</summary>
    public static int? Number(HttpContext http, string name) => Text(http, name) switch
    {
        null => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        var text => throw Invalid(name, text, "a whole number"),
    };

    /// <summary>A truth of a parameter; false where it is missing.</summary>
    public static bool Flag(HttpContext http, string name) => Text(http, name) switch
    {
        null => false,
        var text when bool.TryParse(text, out var flag) => flag,
        var text => throw Invalid(name, text, "true or false"),
    };

    /// <summary>One of a few words of a parameter.</summary>
    public static T Choice<T>(HttpContext http, string name, T standard, params (string Word, T Value)[] choices)
    {
        if (Text(http, name) is not { } text)
        {
            return standard;
        }

        foreach (var (word, value) in choices)
        {
            if (word == text)
            {
                return value;
            }
        }

        throw Invalid(name, text, string.Join(", ", choices.Select(static choice => choice.Word)));
    }

    private static string Part(HttpContext http, string name) => ((string?)http.GetRouteValue(name) ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static ProblemException Invalid(string name, string text, string expected) =>
        new(KnownProblems.InvalidRequest($"{name} is '{ResourceName.Shorten(text)}'.", $"Use {expected}."));
}
