using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Where a new subscription begins.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TopicStart>))]
public enum TopicStart
{
    /// <summary>With what is published from now on.</summary>
    [JsonStringEnumMemberName("latest")]
    Latest,

    /// <summary>With the oldest message that is kept.</summary>
    [JsonStringEnumMemberName("earliest")]
    Earliest,
}
