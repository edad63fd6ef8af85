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

    public static FunctionSpec ReadFunction(JsonObject resource) =>
        Complete(resource["spec"], Write(new FunctionSpec { Environment = "", Package = "" })).Deserialize(Default.FunctionSpec)!;

    public static RouteSpec ReadRoute(JsonObject resource)
    {
        var spec = Complete(resource["spec"], Write(new RouteSpec { Path = "", Function = "" }));
        if (spec["cors"] is JsonObject cors)
        {
            spec["cors"] = Complete(cors, Write(new RouteSpec { Path = "", Function = "", Cors = new CorsSpec { Origins = [] } })["cors"]!.DeepClone().AsObject());
        }

        return spec.Deserialize(Default.RouteSpec)!;
    }

    public static EnvironmentSpec ReadEnvironment(JsonObject resource) =>
        Complete(resource["spec"], Write(new EnvironmentSpec { Command = [] })).Deserialize(Default.EnvironmentSpec)!;

    // Generated readers do not run the initialisers of init-only properties: an absent member would be null or zero, not its default.
    private static JsonObject Complete(JsonNode? given, JsonObject defaults)
    {
        foreach (var (name, value) in given as JsonObject ?? throw new InvalidDataException("The node sent a resource without a spec."))
        {
            defaults[name] = value?.DeepClone();
        }

        return defaults;
    }
}
