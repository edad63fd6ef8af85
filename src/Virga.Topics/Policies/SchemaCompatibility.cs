using System.Text.Json.Serialization;

namespace Virga.Topics.Policies;

/// <summary>
/// Which new schemas a topic takes, as Pulsar has it (<c>SchemaCompatibilityStrategy</c>). All but <see cref="Always"/> take those of the type that it has only; what can be read is decided by Avro's rules, for schemas
/// of the types AVRO, JSON and PROTOBUF, which clients define in Avro, and for both parts of KEY_VALUE.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<SchemaCompatibility>))]
public enum SchemaCompatibility
{
    /// <summary>Any.</summary>
    [JsonStringEnumMemberName("ALWAYS_COMPATIBLE")]
    Always,

    /// <summary>None but those that it has, once it has one.</summary>
    [JsonStringEnumMemberName("ALWAYS_INCOMPATIBLE")]
    Never,

    /// <summary>Who has the new one reads what the newest wrote, and the other way round.</summary>
    [JsonStringEnumMemberName("FULL")]
    Full,

    /// <summary>The same with all versions.</summary>
    [JsonStringEnumMemberName("FULL_TRANSITIVE")]
    FullTransitive,

    /// <summary>Who has the new one reads what the newest wrote: consumers go first.</summary>
    [JsonStringEnumMemberName("BACKWARD")]
    Backward,

    /// <summary>The same with all versions.</summary>
    [JsonStringEnumMemberName("BACKWARD_TRANSITIVE")]
    BackwardTransitive,

    /// <summary>Who has the newest reads what the new one writes: producers go first.</summary>
    [JsonStringEnumMemberName("FORWARD")]
    Forward,

    /// <summary>The same with all versions.</summary>
    [JsonStringEnumMemberName("FORWARD_TRANSITIVE")]
    ForwardTransitive,
}
