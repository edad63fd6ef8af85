using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Worker.Instance;

/// <summary>The protocol's own headers, without reflection.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SpecialiseRequest))]
[JsonSerializable(typeof(RestoreRequest))]
[JsonSerializable(typeof(EndHeader))]
internal sealed partial class ProtocolJson : JsonSerializerContext;
