using Virga.Cli.Failures;
using Virga.Cli.Functions;
using Virga.Cli.Routes;
using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Cli.Apply;

/// <summary>What <c>virga.yaml</c> declares.</summary>
/// <param name="Environments">Custom environments.</param>
/// <param name="Functions">Functions, with the routes written next to them.</param>
/// <param name="Routes">Routes in full form.</param>
internal sealed record Manifest(
    IReadOnlyList<(ResourceName Name, EnvironmentSpec Spec)> Environments,
    IReadOnlyList<FunctionEntry> Functions,
    IReadOnlyList<(ResourceName? Name, RouteSpec Spec)> Routes)
{
    private static readonly string[] FunctionKeys =
    [
        "name", "path", "env", "environment", "handler", "memory", "timeout", "cpu", "concurrency", "maxInstances", "isolation", "egress",
        "body", "requestBody", "routes", "variables", "env-vars", "keepWarm", "maxCallsPerInstance",
    ];

    /// <summary>Reads the file; paths in it start from its folder.</summary>
    /// <exception cref="UsageException">There is a mistake; the message names its line.</exception>
    public static Manifest Read(string file, string text)
    {
        var root = YamlMapping.Parse(Path.GetFileName(file), text);
        root.AllowOnly("functions", "routes", "environments");
        var folder = Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/";
        var manifest = new Manifest(
            [.. root.Mappings("environments").Select(Environment)],
            [.. root.Mappings("functions").Select(entry => Function(entry, folder))],
            [.. root.Mappings("routes").Select(Route)]);
        if (manifest.Functions.GroupBy(function => function.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw root.WrongAt("functions", $"The function '{twice.Key}' stands twice.", "Give each a name of its own.");
        }

        return manifest;
    }

    private static FunctionEntry Function(YamlMapping entry, string folder)
    {
        entry.AllowOnly(FunctionKeys);
        OnlyOne(entry, "env", "environment");
        OnlyOne(entry, "variables", "env-vars");
        OnlyOne(entry, "body", "requestBody");
        var settings = new FunctionSettings
        {
            Environment = entry.Text("env") ?? entry.Text("environment"),
            Handler = entry.Text("handler"),
            Timeout = Duration(entry, "timeout"),
            Memory = Size(entry, "memory"),
            Cpu = entry.Value<double>("cpu", "a number of cores", text => double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var cores) && cores > 0 ? cores : null),
            Concurrency = Count(entry, "concurrency", 1),
            MaxInstances = Count(entry, "maxInstances", 1),
            Isolation = entry.Value<Isolation>("isolation", "process or bubblewrap", text => text switch { "process" => Isolation.Process, "bubblewrap" => Isolation.Bubblewrap, _ => null }),
            Egress = Flag(entry, "egress") is { } open ? (open ? EgressPolicy.Internet : EgressPolicy.None) : null,
            RequestBody = entry.Value<RequestBodyMode>(entry.Has("body") ? "body" : "requestBody", "buffered or stream", text => text switch { "buffered" => RequestBodyMode.Buffered, "stream" => RequestBodyMode.Stream, _ => null }),
            Variables = entry.Pairs("variables") ?? entry.Pairs("env-vars"),
            KeepWarm = Duration(entry, "keepWarm") is { } idle ? new KeepWarm { Idle = idle } : null,
            MaxCallsPerInstance = Count(entry, "maxCallsPerInstance", 0),
        };
        var routes = entry.Values<RouteText>("routes", text => RouteText.TryParse(text, out var route, out var error) ? (route, null) : (null, error));
        return new FunctionEntry(Name(entry, "name"), Path.GetFullPath(entry.RequiredText("path"), folder), settings, routes ?? []);
    }

    private static (ResourceName? Name, RouteSpec Spec) Route(YamlMapping entry)
    {
        entry.AllowOnly("name", "method", "methods", "path", "host", "function", "cors");
        OnlyOne(entry, "method", "methods");
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
        return (entry.Has("name") ? Name(entry, "name") : null, spec);
    }

    private static CorsSpec Cors(YamlMapping entry)
    {
        entry.AllowOnly("origins", "headers", "exposedHeaders", "credentials", "maxAge");
        var cors = new CorsSpec { Origins = entry.Texts("origins") ?? throw entry.Wrong("'origins' is missing.", "List the origins that may call the route, or '*'.") };
        return cors with
        {
            Headers = entry.Texts("headers") ?? cors.Headers,
            ExposedHeaders = entry.Texts("exposedHeaders") ?? cors.ExposedHeaders,
            Credentials = Flag(entry, "credentials") ?? cors.Credentials,
            MaxAge = Duration(entry, "maxAge") ?? cors.MaxAge,
        };
    }

    private static (ResourceName Name, EnvironmentSpec Spec) Environment(YamlMapping entry)
    {
        entry.AllowOnly("name", "command", "mounts", "variables", "build", "poolSize", "memory");
        var spec = new EnvironmentSpec { Command = entry.Texts("command") ?? throw entry.Wrong("'command' is missing.", "Give the worker's command line as a list of words.") };
        return (Name(entry, "name"), spec with
        {
            Mounts = entry.Pairs("mounts") ?? spec.Mounts,
            Variables = entry.Pairs("variables") ?? spec.Variables,
            Build = entry.Value<PackageBuild>("build", "none, typescript or csharp", text => text switch { "none" => PackageBuild.None, "typescript" => PackageBuild.TypeScript, "csharp" => PackageBuild.CSharp, _ => null }) ?? spec.Build,
            PoolSize = Count(entry, "poolSize", 0) ?? spec.PoolSize,
            Memory = Size(entry, "memory") ?? spec.Memory,
        });
    }

    private static ResourceName Name(YamlMapping entry, string key)
    {
        var text = entry.RequiredText(key);
        return ResourceName.TryParse(text, out var name) ? name : throw entry.WrongAt(key, $"'{ResourceName.Shorten(text)}' is no valid name.", $"Use {ResourceName.Rule}.");
    }

    private static void OnlyOne(YamlMapping entry, string key, string synonym)
    {
        if (entry.Has(key) && entry.Has(synonym))
        {
            throw entry.WrongAt(synonym, $"'{key}' and '{synonym}' mean the same.", "Keep one of them.");
        }
    }

    private static Duration? Duration(YamlMapping entry, string key) =>
        entry.Value<Duration>(key, "a duration such as 30s or 2m", text => Core.Resources.Duration.TryParse(text, out var value) ? value : null);

    private static ByteSize? Size(YamlMapping entry, string key) =>
        entry.Value<ByteSize>(key, "a size such as 128MB", text => ByteSize.TryParse(text, out var value) ? value : null);

    private static int? Count(YamlMapping entry, string key, int least) =>
        entry.Value<int>(key, $"a whole number from {least} on", text => int.TryParse(text, out var value) && value >= least ? value : null);

    private static bool? Flag(YamlMapping entry, string key) =>
        entry.Value<bool>(key, "true or false", text => bool.TryParse(text, out var value) ? value : null);
}
