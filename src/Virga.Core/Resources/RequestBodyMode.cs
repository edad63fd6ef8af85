using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Whether a function gets a request's body whole or as it arrives.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RequestBodyMode>))]
public enum RequestBodyMode
{
    /// <summary>The handler starts when the body is complete, and finds it parsed.</summary>
    [JsonStringEnumMemberName("buffered")]
    Buffered,

    /// <summary>The handler starts at once and reads the body as a stream.</summary>
    [JsonStringEnumMemberName("stream")]
    Stream,
}
