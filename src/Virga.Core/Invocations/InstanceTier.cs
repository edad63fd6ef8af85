using System.Text.Json.Serialization;

namespace Virga.Core.Invocations;

/// <summary>How warm an instance is kept: what it costs, and how fast it is back.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InstanceTier>))]
public enum InstanceTier
{
    /// <summary>Ready, with its memory.</summary>
    [JsonStringEnumMemberName("warm")]
    Warm,

    /// <summary>Stopped by the kernel, its memory pushed out.</summary>
    [JsonStringEnumMemberName("frozen")]
    Frozen,

    /// <summary>On disk only.</summary>
    [JsonStringEnumMemberName("snapshot")]
    Snapshot,
}
