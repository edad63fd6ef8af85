using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>How a subscription is shared, and so which order its messages have.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TopicSharing>))]
public enum TopicSharing
{
    /// <summary>Messages go to whoever has room, in no order.</summary>
    [JsonStringEnumMemberName("shared")]
    Shared,

    /// <summary>Messages of one key in their order.</summary>
    [JsonStringEnumMemberName("key_shared")]
    KeyShared,

    /// <summary>All messages of a topic, or a partition, in their order; another consumer takes over when one goes.</summary>
    [JsonStringEnumMemberName("failover")]
    Failover,

    /// <summary>All messages of a topic, or a partition, in their order, and nobody else may consume the subscription.</summary>
    [JsonStringEnumMemberName("exclusive")]
    Exclusive,
}
