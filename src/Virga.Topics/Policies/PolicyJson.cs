using System.Text.Json.Serialization;

namespace Virga.Topics.Policies;

/// <summary>How policies are written, in the metadata and by the API.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TopicPolicies))]
public sealed partial class PolicyJson : JsonSerializerContext;
