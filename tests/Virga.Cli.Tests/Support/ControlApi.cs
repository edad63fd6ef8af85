using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Virga.Cli.Packaging;

namespace Virga.Cli.Tests.Support;

/// <summary>A node's control API over HTTP, as far as the client uses it: resources and packages in memory.</summary>
internal sealed class ControlApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SortedDictionary<string, JsonObject> _resources = new(StringComparer.Ordinal);
    private readonly HashSet<string> _packages = new(StringComparer.Ordinal);

    private ControlApi(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>Every request that could change something, as <c>METHOD path</c>.</summary>
    public List<string> Writes { get; } = [];

    /// <summary>Told of every function that was put, with its version.</summary>
    public Action<string, int> Deployed { get; set; } = (_, _) => { };

    /// <summary>Answers with a problem where it gives one.</summary>
    public Func<string, JsonObject?> Problem { get; set; } = _ => null;

    /// <summary>What the node's functions do.</summary>
    public JsonObject Activity { get; set; } = [];

    /// <summary>The lines of the feed of changes.</summary>
    public string Changes { get; set; } = "";

    /// <summary>What an invocation is answered with.</summary>
    public RequestDelegate Invoke { get; set; } = context => context.Response.WriteAsync("hello");

    /// <summary>What was used, as <c>GET usage</c> answers.</summary>
    public RequestDelegate Usage { get; set; } = context => context.Response.WriteAsync("{}");

    /// <summary>What requests about shared state are answered with.</summary>
    public RequestDelegate State { get; set; } = context => context.Response.WriteAsync("{}");

    /// <summary>What is said of topics.</summary>
    public RequestDelegate Topics { get; set; } = context => context.Response.WriteAsync("{}");

    public static async Task<ControlApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var api = new ControlApi(builder.Build());
        api._app.Run(api.ServeAsync);
        await api._app.StartAsync(TestContext.Current.CancellationToken);
        return api;
    }

    public static JsonObject ProblemOf(string slug, int status, string fault, string detail, string fix) => new()
    {
        ["type"] = "urn:virga:problem:" + slug,
        ["title"] = "A title",
        ["status"] = status,
        ["fault"] = fault,
        ["detail"] = detail,
        ["fix"] = fix,
    };

    public JsonObject Resource(string kind, string name) => _resources[$"{kind}/{name}"];

    public IEnumerable<string> Names(string kind) => _resources.Keys.Where(key => key.StartsWith(kind + "/", StringComparison.Ordinal)).Select(key => key[(kind.Length + 1)..]);

    /// <summary>What another client does in between.</summary>
    public void Overwrite(string kind, string name, JsonNode spec) => Put(kind, name, spec);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path.Value!.Replace("/api/v1/", "", StringComparison.Ordinal).Replace("tenants/default/namespaces/default/", "", StringComparison.Ordinal);
        var line = $"{request.Method} {path}";
        if (Problem(line) is { } problem)
        {
            await AnswerAsync(context, problem["status"]!.GetValue<int>(), problem, "application/problem+json");
            return;
        }

        if (path.EndsWith("/logs", StringComparison.Ordinal))
        {
            await FollowAsync(context);
            return;
        }

        if (line == "GET usage")
        {
            await Usage(context);
            return;
        }

        if (path == "state" || path.StartsWith("state/", StringComparison.Ordinal) || path.StartsWith("state-", StringComparison.Ordinal))
        {
            await State(context);
            return;
        }

        if (path.StartsWith("topic", StringComparison.Ordinal))
        {
            await Topics(context);
            return;
        }

        if (path == "changes")
        {
            await context.Response.WriteAsync(Changes);
            return;
        }

        // The same server stands for the gateway: what is no API call is a call of a function.
        if (path.EndsWith("/invoke", StringComparison.Ordinal) || !request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            await Invoke(context);
            return;
        }

        if (request.Method != "GET")
        {
            Writes.Add(line);
        }

        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, context.RequestAborted);
        var (status, answer) = Answer(request.Method, path, buffer.ToArray(), request.Headers.IfNoneMatch == "*");
        await AnswerAsync(context, status, answer, status >= 400 ? "application/problem+json" : "application/json");
    }

    // One line, and then silence until the client goes.
    private static async Task FollowAsync(HttpContext context)
    {
        await context.Response.WriteAsync("""{"time":"2030-01-01T00:00:00Z","level":"warn","message":"a line","fields":{"n":1}}""" + "\n");
        await context.Response.Body.FlushAsync(context.RequestAborted);
        var gone = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }

    private (int Status, JsonObject Answer) Answer(string method, string path, byte[] body, bool mustBeNew)
    {
        var missing = (404, ProblemOf("not-found", 404, "client", $"There is no {path}.", "See what there is."));
        switch (method, path.Split('/'))
        {
            case ("GET", ["node"]):
                return (200, new JsonObject { ["gateway"] = "http://127.0.0.1:8080", ["version"] = "0.1.0" });
            case ("GET", ["node", "activity"]):
                return (200, Activity);
            case ("POST", ["packages"]):
                var digest = PackageDigest.Of(body);
                _packages.Add(digest);
                return (201, new JsonObject { ["digest"] = digest, ["size"] = body.Length });
            case ("GET", ["packages", var wanted]):
                return _packages.Contains(wanted) ? (200, new JsonObject { ["digest"] = wanted }) : missing;
            case ("GET", [var kind]):
                return (200, new JsonObject { ["items"] = new JsonArray([.. Names(kind).Select(name => Resource(kind, name).DeepClone())]), ["continue"] = null });
            case ("GET", [var kind, var name]):
                return _resources.TryGetValue($"{kind}/{name}", out var found) ? (200, found) : missing;
            case ("POST", [var kind]):
                var created = JsonNode.Parse(body)!.AsObject();
                return Put(kind, created["name"]?.ToString() ?? $"{kind}-{_resources.Count}", created["spec"]!);
            case ("PUT", [var kind, var name]):
                var put = JsonNode.Parse(body)!;
                var version = _resources.TryGetValue($"{kind}/{name}", out var present) ? present["version"]!.GetValue<int>() : 0;
                if (mustBeNew && version > 0)
                {
                    return (409, ProblemOf("conflict", 409, "client", $"There is a {name} already.", "Choose another name."));
                }

                return put["version"] is { } expected && expected.GetValue<int>() != version
                    ? (409, ProblemOf("stale-version", 409, "client", $"{name} is at version {version}.", "Read it again."))
                    : Put(kind, name, put["spec"]!);
            case ("PATCH", ["functions", var name, "scale"]):
                var limits = JsonNode.Parse(body)!;
                var spec = Resource("functions", name)["spec"]!.DeepClone();
                spec["minInstances"] = (limits["min"] ?? spec["minInstances"])?.DeepClone();
                spec["maxInstances"] = (limits["max"] ?? spec["maxInstances"])?.DeepClone();
                spec["targetUtilisation"] = (limits["target"] ?? spec["targetUtilisation"])?.DeepClone();
                return Put("functions", name, spec);
            case ("DELETE", [var kind, var name]):
                return _resources.Remove($"{kind}/{name}") ? (200, []) : missing;
            default:
                return missing;
        }
    }

    private (int Status, JsonObject Answer) Put(string kind, string name, JsonNode spec)
    {
        var version = _resources.TryGetValue($"{kind}/{name}", out var current) ? current["version"]!.GetValue<int>() + 1 : 1;
        var resource = new JsonObject
        {
            ["kind"] = kind.TrimEnd('s'),
            ["name"] = name,
            ["version"] = version,
            ["spec"] = spec.DeepClone(),
            ["status"] = new JsonObject { ["liveVersion"] = version },
        };
        _resources[$"{kind}/{name}"] = resource;
        Deployed(name, version);
        return (version == 1 ? 201 : 200, resource);
    }

    private static Task AnswerAsync(HttpContext context, int status, JsonObject answer, string type)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(answer.ToJsonString());
    }
}
