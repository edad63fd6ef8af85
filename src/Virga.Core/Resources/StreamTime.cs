using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Which time of a message its windows go by.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StreamTime>))]
public enum StreamTime
{
    /// <summary>When it was published.</summary>
    [JsonStringEnumMemberName("publish")]
    Publish,

    /// <summary>When what it tells of happened; when it was published where it does not say.</summary>
    [JsonStringEnumMemberName("event")]
    Event,
}
