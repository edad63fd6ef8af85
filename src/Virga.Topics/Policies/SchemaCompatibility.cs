using System.Text.Json.Serialization;

namespace Virga.Topics.Policies;

/// <summary>Which new schemas a topic takes. Schemas are opaque here: what they mean is their clients' business, so that only what can be told without reading them is told.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SchemaCompatibility>))]
public enum SchemaCompatibility
{
    /// <summary>Any.</summary>
    [JsonStringEnumMemberName("ALWAYS_COMPATIBLE")]
    Always,

    /// <summary>None but those that it has, once it has one.</summary>
    [JsonStringEnumMemberName("ALWAYS_INCOMPATIBLE")]
    Never,

    /// <summary>Those of the type that it has.</summary>
    [JsonStringEnumMemberName("FULL")]
    SameType,
}
