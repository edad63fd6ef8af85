using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Where a function's instances come from.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Executor>))]
public enum Executor
{
    /// <summary>Generic instances of the environment, kept ready, which load the function at its first call.</summary>
    [JsonStringEnumMemberName("pool")]
    Pool,

    /// <summary>Instances started for this function alone, with its own resources from the start.</summary>
    [JsonStringEnumMemberName("dedicated")]
    Dedicated,
}
