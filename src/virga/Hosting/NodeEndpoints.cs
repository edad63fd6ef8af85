using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Pools;
using Virga.Hosting.Activity;

namespace Virga.Hosting;

/// <summary>What the control API says of the node itself, its pools and instances, and why a function cannot be called.</summary>
internal static class NodeEndpoints
{
    private static readonly string[] Scopes = ["/api/v1", "/api/v1/tenants/{tenant}/namespaces/{namespace}"];

    /// <summary>Maps them.</summary>
    public static void MapNode(this IEndpointRouteBuilder endpoints)
    {
        var engines = endpoints.ServiceProvider.GetRequiredService<NodeEngines>();
        var functions = endpoints.ServiceProvider.GetRequiredService<IFunctionCatalog>();
        var describer = new FunctionDescriber(
            engines,
            functions,
            endpoints.ServiceProvider.GetRequiredService<IEnvironmentCatalog>(),
            endpoints.ServiceProvider.GetRequiredService<IPackageDirectory>());

        endpoints.MapGet("/healthz", static () => Results.Text("ok\n"));
        endpoints.MapGet("/readyz", () => Ready(engines));
        endpoints.MapGet("/api/v1/node", () => Results.Json(new NodeDocument(engines.GatewayAddress?.ToString().TrimEnd('/'), Installation.Version), NodeJson.Default.NodeDocument))
            .WithSummary("Where the node serves functions, and its version");
        var activity = endpoints.ServiceProvider.GetRequiredService<ActivityMeter>();
        var time = endpoints.ServiceProvider.GetRequiredService<TimeProvider>();
        endpoints.MapGet("/api/v1/node/activity", () =>
        {
            var calls = activity.Read();
            var report = ActivityReport.Make(time.GetUtcNow(), Pools(engines), engines.Execution?.Scheduler.GenericPools() ?? [], calls, engines.Execution?.Scheduler.MemoryUse.Budget);
            return Results.Json(report, NodeJson.Default.ActivityDocument);
        }).WithSummary("What the node's functions and instances do at the moment");
        endpoints.MapCluster(() => engines.Membership);
        endpoints.MapGet("/api/v1/pools", () => Results.Json(new PoolList(engines.Execution?.Scheduler.GenericPools() ?? []), NodeJson.Default.PoolList))
            .WithSummary("The pools of generic instances");
        foreach (var scope in Scopes)
        {
            endpoints.MapGet(scope + "/functions/{name}/instances", async (HttpContext http) =>
            {
                var name = await ExistingAsync(http, functions);
                var pools = engines.Execution?.Scheduler.StatusOf(name) ?? [];
                var answer = new InstanceList(
                    [.. pools.SelectMany(p => p.Instances)],
                    pools.Sum(p => p.Starting),
                    pools.Sum(p => p.Queued),
                    pools.Sum(p => p.Desired),
                    string.Join(", ", pools.Select(p => p.Reason).Distinct(StringComparer.Ordinal)),
                    Math.Round(pools.Sum(p => p.Concurrency), 3),
                    pools.Sum(p => p.Instances.Sum(i => i.Memory)),
                    pools.Any(p => engines.Execution!.Scheduler.HasSnapshot(p.Function)) || engines.Execution?.Scheduler.AtRest().Any(version => version.Name == name) == true);
                return Results.Json(answer, NodeJson.Default.InstanceList);
            }).WithSummary("The instances that run a function on this node");
            endpoints.MapGet(scope + "/functions/{name}/describe", async (HttpContext http) =>
            {
                var name = await ExistingAsync(http, functions);
                return Results.Json(await describer.DescribeAsync(name, http.RequestAborted), NodeJson.Default.FunctionDescription);
            }).WithSummary("Whether a function can be called, and if not, why");
        }
    }

    private static IReadOnlyList<PoolActivity> Pools(NodeEngines engines) => engines.Execution?.Scheduler is { } scheduler
        ? [.. scheduler.FunctionPools().Select(pool => new PoolActivity(
            pool.Function.Name,
            [.. pool.Instances.Select(instance => (instance.State, instance.InFlight, instance.Memory))],
            pool.Starting,
            pool.Queued,
            pool.Desired,
            pool.Reason,
            scheduler.HasSnapshot(pool.Function))),
            .. scheduler.AtRest().Select(function => new PoolActivity(function.Name, [], 0, 0, 0, "", HasSnapshot: true))]
        : [];

    private static IResult Ready(NodeEngines engines)
    {
        var execution = engines.Execution;
        var document = new ReadyDocument(
            engines.IsReady,
            execution?.DefaultIsolation.ToString().ToLowerInvariant() ?? "not started",
            execution?.BubblewrapMissing,
            execution?.GvisorMissing,
            execution?.InternetMissing,
            execution?.FreezingMissing,
            execution?.SwapMissing,
            execution?.Limits ?? "not started",
            engines.Membership is { IsClustered: true } membership
                ? new ReadyCluster(membership.Link.Self.Value, membership.IsMember, [.. membership.Link.View.Members.Select(static member => member.Name.Value)])
                : null);
        return Results.Json(document, NodeJson.Default.ReadyDocument, statusCode: engines.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<FunctionName> ExistingAsync(HttpContext http, IFunctionCatalog functions)
    {
        var name = new FunctionName(Part(http, "tenant"), Part(http, "namespace"), Part(http, "name"));
        return await functions.ResolveAsync(name, null, 0, http.RequestAborted) is not null
            ? name
            : throw new ProblemException(KnownProblems.NotFound($"There is no function '{name}'.", "See `virga fn list`."));
    }

    private static ResourceName Part(HttpContext http, string part) => http.Request.RouteValues[part] switch
    {
        null => ResourceName.Default,
        string text when ResourceName.TryParse(text, out var name) => name,
        var other => throw new ProblemException(KnownProblems.InvalidName($"The {part} '{ResourceName.Shorten(other.ToString())}' is no valid name.")),
    };
}

/// <summary>Answer of <c>/api/v1/node</c>.</summary>
internal sealed record NodeDocument(string? Gateway, string Version);

/// <summary>Answer of <c>/readyz</c>.</summary>
internal sealed record ReadyDocument(
    bool Ready,
    string DefaultIsolation,
    string? BubblewrapMissing,
    string? GvisorMissing,
    string? InternetMissing,
    string? FreezingMissing,
    string? SwapMissing,
    string Limits,
    ReadyCluster? Cluster);

/// <summary>The cluster as <c>/readyz</c> shows it.</summary>
/// <param name="Node">This node's name.</param>
/// <param name="Member">Whether its lease lasts. A node that cannot renew it goes on serving with those whom it knew.</param>
/// <param name="Alive">The nodes that it sees.</param>
internal sealed record ReadyCluster(string Node, bool Member, IReadOnlyList<string> Alive);

/// <summary>Answer of <c>/api/v1/pools</c>.</summary>
internal sealed record PoolList(IReadOnlyList<GenericPoolStatus> Items);

/// <summary>Answer of <c>/api/v1/functions/{name}/instances</c>.</summary>
internal sealed record InstanceList(
    IReadOnlyList<InstanceStatus> Items, int Starting, int Queued, int Desired, string Reason, double Concurrency, long Memory, bool Snapshot);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(NodeDocument))]
[JsonSerializable(typeof(ReadyDocument))]
[JsonSerializable(typeof(PoolList))]
[JsonSerializable(typeof(InstanceList))]
[JsonSerializable(typeof(FunctionDescription))]
[JsonSerializable(typeof(ActivityDocument))]
internal sealed partial class NodeJson : JsonSerializerContext;
