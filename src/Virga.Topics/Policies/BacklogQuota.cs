using System.Text.Json.Serialization;

namespace Virga.Topics.Policies;

/// <summary>How much a subscription may leave unacknowledged, and what happens then.</summary>
/// <param name="Bytes">So many bytes; 0 or less for no limit.</param>
/// <param name="Seconds">Messages of such an age; 0 or less for no limit.</param>
/// <param name="Action">What happens then.</param>
public sealed record BacklogQuota(long Bytes, long Seconds, BacklogAction Action);

/// <summary>What happens when a topic's backlog is over its quota; named as Pulsar names them.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BacklogAction>))]
public enum BacklogAction
{
    /// <summary>Publishing is refused, and clients that can wait do.</summary>
    [JsonStringEnumMemberName("producer_request_hold")]
    Hold,

    /// <summary>Publishing is refused, and clients are told of it as a failure.</summary>
    [JsonStringEnumMemberName("producer_exception")]
    Refuse,

    /// <summary>The oldest messages of the slowest subscription are dropped.</summary>
    [JsonStringEnumMemberName("consumer_backlog_eviction")]
    Evict,
}
