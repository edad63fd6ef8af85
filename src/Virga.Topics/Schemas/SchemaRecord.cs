using System.Text.Json.Serialization;

namespace Virga.Topics.Schemas;

/// <summary>All versions of a topic's schema, as the metadata keeps them.</summary>
internal sealed record SchemaRecord
{
    /// <summary>The versions, from 0.</summary>
    public IReadOnlyList<SchemaVersion> Versions { get; init; } = [];
}

/// <summary>How they are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SchemaRecord))]
internal sealed partial class SchemaJson : JsonSerializerContext;
