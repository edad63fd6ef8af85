using System.Text.Json.Serialization;

namespace Virga.Topics.Logs;

/// <summary>How records are written: short, since a topic with many ledgers writes them all each time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TopicRecord))]
internal sealed partial class TopicRecordJson : JsonSerializerContext;
