using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Output;

namespace Virga.Cli.Topics;

/// <summary>What went through a topic between two looks at it.</summary>
/// <param name="In">Messages published a second.</param>
/// <param name="BytesIn">Bytes published a second.</param>
/// <param name="Out">Messages delivered a second, by subscription.</param>
/// <param name="Backlog">The backlog of all subscriptions together, at the end.</param>
internal sealed record TopicRates(double In, double BytesIn, IReadOnlyDictionary<string, double> Out, double Backlog)
{
    /// <summary>Messages delivered a second, by all subscriptions together.</summary>
    public double AllOut => Out.Values.Sum();

    /// <summary>The rates between an earlier and a later look; null when no time has passed. A count that has begun anew, since the topic has moved, counts from nothing.</summary>
    public static TopicRates? Between(JsonObject earlier, JsonObject later)
    {
        var seconds = (Time(later) - Time(earlier)).TotalSeconds;
        if (seconds <= 0)
        {
            return null;
        }

        var before = Subscriptions(earlier).ToDictionary(Name, item => Number(item, "messages"), StringComparer.Ordinal);
        return new TopicRates(
            Grown(Number(earlier, "messagesIn"), Number(later, "messagesIn")) / seconds,
            Grown(Number(earlier, "bytesIn"), Number(later, "bytesIn")) / seconds,
            Subscriptions(later).ToDictionary(Name, item => Grown(before.GetValueOrDefault(Name(item)), Number(item, "messages")) / seconds, StringComparer.Ordinal),
            Subscriptions(later).Sum(item => Number(item, "backlog")));
    }

    /// <summary>The subscriptions of a topic.</summary>
    public static IEnumerable<JsonObject> Subscriptions(JsonObject stats) => (stats["subscriptions"] as JsonArray ?? []).OfType<JsonObject>();

    /// <summary>A number of the document; 0 where it is missing.</summary>
    public static double Number(JsonObject item, string path) => double.TryParse(JsonPath.Text(item, path), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Name(JsonObject item) => JsonPath.Text(item, "name") ?? "";

    private static double Grown(double before, double after) => after >= before ? after - before : after;

    private static DateTimeOffset Time(JsonObject stats) => DateTimeOffset.TryParse(JsonPath.Text(stats, "time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : default;
}
