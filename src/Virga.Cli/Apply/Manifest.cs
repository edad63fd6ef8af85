using System.Text.Json.Nodes;
using Virga.Cli.Dags;
using Virga.Cli.Failures;
using Virga.Cli.Routes;
using Virga.Cli.Streams;
using Virga.Cli.Triggers;
using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Cli.Apply;

/// <summary>What <c>virga.yaml</c> declares.</summary>
/// <param name="Environments">Custom environments.</param>
/// <param name="Functions">Functions, with the routes written next to them.</param>
/// <param name="Routes">Routes in full form.</param>
/// <param name="Dags">DAGs, each with its spec as the node shows it.</param>
/// <param name="Triggers">Triggers, each with its spec as the node shows it.</param>
/// <param name="Streams">Stream functions, each with its spec as the node shows it.</param>
internal sealed record Manifest(
    IReadOnlyList<(ResourceName Name, EnvironmentSpec Spec)> Environments,
    IReadOnlyList<FunctionEntry> Functions,
    IReadOnlyList<(ResourceName? Name, RouteSpec Spec)> Routes,
    IReadOnlyList<(ResourceName Name, JsonObject Spec)> Dags,
    IReadOnlyList<(ResourceName Name, JsonObject Spec)> Triggers,
    IReadOnlyList<(ResourceName Name, JsonObject Spec)> Streams)
{
    /// <summary>Reads the file; paths in it start from its folder.</summary>
    /// <exception cref="UsageException">There is a mistake; the message names its line.</exception>
    public static Manifest Read(string file, string text)
    {
        var root = YamlMapping.Parse(Path.GetFileName(file), text);
        root.AllowOnly("functions", "routes", "environments", "dags", "triggers", "streams");
        var folder = Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/";
        var manifest = new Manifest(
            [.. root.Mappings("environments").Select(Environment)],
            [.. root.Mappings("functions").Select(entry => ManifestFunction.Read(entry, folder))],
            [.. root.Mappings("routes").Select(Route)],
            [.. root.Mappings("dags").Select(entry => (entry.Name("name"), DagFile.Read(entry).Spec))],
            [.. root.Mappings("triggers").Select(entry => (entry.Name("name"), TriggerFile.Read(entry).Spec))],
            [.. root.Mappings("streams").Select(entry => (entry.Name("name"), StreamFile.Read(entry).Spec))]);
        if (manifest.Functions.GroupBy(function => function.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw root.WrongAt("functions", $"The function '{twice.Key}' stands twice.", "Give each a name of its own.");
        }

        return manifest;
    }

    private static (ResourceName? Name, RouteSpec Spec) Route(YamlMapping entry)
    {
        entry.AllowOnly("name", "method", "methods", "path", "host", "function", "cors");
        entry.OnlyOne("method", "methods");
        var path = entry.RequiredText("path");
        if (!PathTemplate.TryParse(path, out _, out var error))
        {
            throw entry.WrongAt("path", error);
        }

        var spec = new RouteSpec
        {
            Methods = entry.Texts("methods") ?? entry.Texts("method") ?? [],
            Host = entry.Text("host"),
            Path = path,
            Function = entry.RequiredText("function"),
            Cors = entry.Mapping("cors") is { } cors ? Cors(cors) : null,
        };
        return (entry.Has("name") ? entry.Name("name") : null, spec);
    }

    private static CorsSpec Cors(YamlMapping entry)
    {
        entry.AllowOnly("origins", "headers", "exposedHeaders", "credentials", "maxAge");
        var cors = new CorsSpec { Origins = entry.Texts("origins") ?? throw entry.Wrong("'origins' is missing.", "List the origins that may call the route, or '*'.") };
        return cors with
        {
            Headers = entry.Texts("headers") ?? cors.Headers,
            ExposedHeaders = entry.Texts("exposedHeaders") ?? cors.ExposedHeaders,
            Credentials = entry.Flag("credentials") ?? cors.Credentials,
            MaxAge = entry.Duration("maxAge") ?? cors.MaxAge,
        };
    }

    private static (ResourceName Name, EnvironmentSpec Spec) Environment(YamlMapping entry)
    {
        entry.AllowOnly("name", "command", "mounts", "variables", "build", "poolSize", "memory");
        var spec = new EnvironmentSpec { Command = entry.Texts("command") ?? throw entry.Wrong("'command' is missing.", "Give the worker's command line as a list of words.") };
        return (entry.Name("name"), spec with
        {
            Mounts = entry.Pairs("mounts") ?? spec.Mounts,
            Variables = entry.Pairs("variables") ?? spec.Variables,
            Build = entry.Value<PackageBuild>("build", "none, typescript or csharp", text => text switch { "none" => PackageBuild.None, "typescript" => PackageBuild.TypeScript, "csharp" => PackageBuild.CSharp, _ => null }) ?? spec.Build,
            PoolSize = entry.Count("poolSize", 0) ?? spec.PoolSize,
            Memory = entry.Size("memory") ?? spec.Memory,
        });
    }
}
