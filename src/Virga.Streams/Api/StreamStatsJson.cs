using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Streams.Api;

/// <summary>The JSON of this engine's answers, to users and between nodes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(StreamStats))]
internal sealed partial class StreamStatsJson : JsonSerializerContext;
