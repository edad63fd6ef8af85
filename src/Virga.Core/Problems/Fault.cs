using System.Text.Json.Serialization;

namespace Virga.Core.Problems;

/// <summary>Whose failure a problem was.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Fault>))]
public enum Fault
{
    /// <summary>The caller sent something wrong, or went away.</summary>
    [JsonStringEnumMemberName("client")]
    Client,

    /// <summary>The function's own code failed.</summary>
    [JsonStringEnumMemberName("function")]
    Function,

    /// <summary>A limit was met: memory, time, concurrency, size.</summary>
    [JsonStringEnumMemberName("limit")]
    Limit,

    /// <summary>Virga or the machine under it failed.</summary>
    [JsonStringEnumMemberName("platform")]
    Platform,
}
