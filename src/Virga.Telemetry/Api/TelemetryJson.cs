using System.Text.Json.Serialization;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Api;

/// <summary>The JSON forms of what this API sends.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FunctionStats))]
internal sealed partial class TelemetryJson : JsonSerializerContext;
