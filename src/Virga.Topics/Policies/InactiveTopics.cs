using System.Text.Json.Serialization;

namespace Virga.Topics.Policies;

/// <summary>Whether topics that nobody uses are deleted.</summary>
/// <param name="IsDeleted">Whether.</param>
/// <param name="Seconds">After so long without producers and consumers.</param>
/// <param name="Mode">What else must hold.</param>
public sealed record InactiveTopics(bool IsDeleted, long Seconds = 60, InactiveTopicMode Mode = InactiveTopicMode.WithoutSubscriptions);

/// <summary>Which topics count as inactive; named as Pulsar names them.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InactiveTopicMode>))]
public enum InactiveTopicMode
{
    /// <summary>It has no subscriptions.</summary>
    [JsonStringEnumMemberName("delete_when_no_subscriptions")]
    WithoutSubscriptions,

    /// <summary>Its subscriptions have acknowledged everything.</summary>
    [JsonStringEnumMemberName("delete_when_subscriptions_caught_up")]
    CaughtUp,
}
