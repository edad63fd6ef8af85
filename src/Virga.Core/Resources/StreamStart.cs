using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Where something that reads a topic begins when it is new.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StreamStart>))]
public enum StreamStart
{
    /// <summary>With what is published from now on.</summary>
    [JsonStringEnumMemberName("latest")]
    Latest,

    /// <summary>With the oldest message that is kept.</summary>
    [JsonStringEnumMemberName("earliest")]
    Earliest,
}
