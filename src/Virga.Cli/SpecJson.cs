using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Virga.Core.Resources;

namespace Virga.Cli;

/// <summary>The control API's form of specs, without reflection: a command starts and ends within a fraction of a second.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FunctionSpec))]
[JsonSerializable(typeof(RouteSpec))]
[JsonSerializable(typeof(EnvironmentSpec))]
internal sealed partial class SpecJson : JsonSerializerContext
{
    public static JsonObject Write(FunctionSpec spec) => JsonSerializer.SerializeToNode(spec, Default.FunctionSpec)!.AsObject();

    public static JsonObject Write(RouteSpec spec) => JsonSerializer.SerializeToNode(spec, Default.RouteSpec)!.AsObject();

    public static JsonObject Write(EnvironmentSpec spec) => JsonSerializer.SerializeToNode(spec, Default.EnvironmentSpec)!.AsObject();

    public static FunctionSpec ReadFunction(JsonObject resource) => Spec(resource).Deserialize(Default.FunctionSpec)!;

    public static RouteSpec ReadRoute(JsonObject resource) => Spec(resource).Deserialize(Default.RouteSpec)!;

    public static EnvironmentSpec ReadEnvironment(JsonObject resource) => Spec(resource).Deserialize(Default.EnvironmentSpec)!;

    private static JsonNode Spec(JsonObject resource) => resource["spec"] ?? throw new InvalidDataException("The node sent a resource without a spec.");
}
