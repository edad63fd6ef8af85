using System.Text.Json.Serialization;

namespace Virga.Control.Builds;

/// <summary>JSON of the builders' protocols.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(List<BuildDiagnostic>))]
[JsonSerializable(typeof(CompileRequest))]
[JsonSerializable(typeof(CompileAnswer))]
internal sealed partial class BuildJson : JsonSerializerContext;
