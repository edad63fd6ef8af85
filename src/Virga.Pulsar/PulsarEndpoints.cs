using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Virga.Core.Problems;
using Virga.Pulsar.Admin;
using Virga.Pulsar.Server;
using Virga.Pulsar.WebSockets;
using Virga.Topics.Api;

namespace Virga.Pulsar;

/// <summary>Maps Pulsar's WebSocket API, its admin API and its lookups over HTTP.</summary>
public static class PulsarEndpoints
{
    private static readonly string[] Domains = ["persistent", "non-persistent"];
    private const string Space = "/{tenant}/{ns}";
    private const string Topic = Space + "/{topic}";
    private const string Subscription = Topic + "/subscription/{subscription}";

    /// <summary>Maps <c>/ws/v2</c>, <c>/admin/v2</c> and <c>/lookup/v2</c>.</summary>
    /// <param name="endpoints">The control API; WebSockets are in use there.</param>
    /// <param name="node">Gives the topics; asked with each request.</param>
    /// <param name="server">Serves the binary protocol; null where nobody does.</param>
    /// <param name="cluster">The name of the cluster.</param>
    public static IEndpointRouteBuilder MapVirgaPulsar(this IEndpointRouteBuilder endpoints, Func<TopicNode> node, Func<PulsarServer?> server, string cluster = "standalone")
    {
        var services = endpoints.ServiceProvider;
        var time = services.GetRequiredService<TimeProvider>();
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var sockets = new SocketEndpoints(node, time, stopping);
        var spaces = new NamespaceAdmin(node, cluster);
        foreach (var domain in Domains)
        {
            endpoints.Map($"/ws/v2/producer/{domain}{Topic}", ProblemGuard.Around(sockets.ProduceAsync)).ExcludeFromDescription();
            endpoints.Map($"/ws/v2/consumer/{domain}{Topic}/{{subscription}}", ProblemGuard.Around(sockets.ConsumeAsync)).ExcludeFromDescription();
            endpoints.Map($"/ws/v2/reader/{domain}{Topic}", ProblemGuard.Around(sockets.ReadAsync)).ExcludeFromDescription();
            MapTopics(endpoints.MapGroup($"/admin/v2/{domain}").ExcludeFromDescription(), new TopicAdmin(node), new SubscriptionAdmin(node, time), spaces);
        }

        MapNamespaces(endpoints.MapGroup("/admin/v2").ExcludeFromDescription(), spaces);
        MapCluster(endpoints.MapGroup("").ExcludeFromDescription(), new ClusterAdmin(node, server), new SchemaAdmin(node));
        endpoints.Map("/admin/v2/{**rest}", AdminGuard.Around(Unknown)).ExcludeFromDescription();
        return endpoints;
    }

    private static Task Unknown(HttpContext http) =>
        throw new ProblemException(KnownProblems.NotFound($"Pulsar's admin API has no {http.Request.Method} {http.Request.Path} here.", "docs/pulsar.md says which requests are answered."));

    private static void MapTopics(RouteGroupBuilder group, TopicAdmin topics, SubscriptionAdmin subscriptions, NamespaceAdmin policies)
    {
        group.MapGet(Space, AdminGuard.Around(topics.ListAsync));
        group.MapGet(Space + "/partitioned", AdminGuard.Around(topics.ListPartitionedAsync));
        group.MapPut(Topic, AdminGuard.Around(topics.CreateAsync));
        group.MapDelete(Topic, AdminGuard.Around(topics.DeleteAsync));
        group.MapGet(Topic + "/partitions", AdminGuard.Around(topics.CountAsync));
        group.MapPut(Topic + "/partitions", AdminGuard.Around(topics.CreatePartitionedAsync));
        group.MapPost(Topic + "/partitions", AdminGuard.Around(topics.GrowAsync));
        group.MapDelete(Topic + "/partitions", AdminGuard.Around(topics.DeleteAsync));
        group.MapGet(Topic + "/stats", AdminGuard.Around(topics.StatsAsync));
        group.MapGet(Topic + "/partitioned-stats", AdminGuard.Around(topics.PartitionedStatsAsync));
        group.MapGet(Topic + "/internalStats", AdminGuard.Around(topics.InternalStatsAsync));
        group.MapGet(Topic + "/lastMessageId", AdminGuard.Around(topics.LastMessageAsync));
        group.MapPost(Topic + "/terminate", AdminGuard.Around(topics.TerminateAsync));
        group.MapPost(Topic + "/terminate/partitions", AdminGuard.Around(topics.TerminateAsync));
        group.MapPut(Topic + "/unload", AdminGuard.Around(topics.UnloadAsync));
        group.MapDelete(Topic + "/truncate", AdminGuard.Around(topics.TruncateAsync));
        group.MapPut(Topic + "/compaction", AdminGuard.Around(topics.CompactAsync));
        group.MapGet(Topic + "/compaction", AdminGuard.Around(topics.CompactionAsync));
        group.MapGet(Topic + "/subscriptions", AdminGuard.Around(subscriptions.ListAsync));
        group.MapPut(Subscription, AdminGuard.Around(subscriptions.CreateAsync));
        group.MapDelete(Subscription, AdminGuard.Around(subscriptions.DeleteAsync));
        group.MapPost(Subscription + "/skip/{count}", AdminGuard.Around(subscriptions.SkipAsync));
        group.MapPost(Subscription + "/skip_all", AdminGuard.Around(subscriptions.SkipAllAsync));
        group.MapPost(Subscription + "/expireMessages/{seconds}", AdminGuard.Around(subscriptions.ExpireAsync));
        group.MapPost(Topic + "/all_subscription/expireMessages/{seconds}", AdminGuard.Around(subscriptions.ExpireOfAllAsync));
        group.MapPost(Subscription + "/resetcursor", AdminGuard.Around(subscriptions.ResetToMessageAsync));
        group.MapPost(Subscription + "/resetcursor/{timestamp}", AdminGuard.Around(subscriptions.ResetToTimeAsync));
        group.MapGet(Subscription + "/position/{position}", AdminGuard.Around(subscriptions.PeekAsync));
        group.MapGet(Topic + "/ledger/{ledger}/entry/{entry}", AdminGuard.Around(subscriptions.EntryAsync));
        group.MapGet(Topic + "/{policy}", AdminGuard.Around(policies.GetPolicyOfTopicAsync));
        group.MapPost(Topic + "/{policy}", AdminGuard.Around(policies.SetPolicyOfTopicAsync));
        group.MapDelete(Topic + "/{policy}", AdminGuard.Around(policies.RemovePolicyOfTopicAsync));
    }

    private static void MapNamespaces(RouteGroupBuilder group, NamespaceAdmin spaces)
    {
        group.MapGet("/tenants", AdminGuard.Around(spaces.TenantsAsync));
        group.MapGet("/tenants/{tenant}", AdminGuard.Around(spaces.TenantAsync));
        group.MapPut("/tenants/{tenant}", AdminGuard.Around(spaces.AcceptAsync));
        group.MapPost("/tenants/{tenant}", AdminGuard.Around(spaces.AcceptAsync));
        group.MapGet("/namespaces/{tenant}", AdminGuard.Around(spaces.ListAsync));
        group.MapPut("/namespaces" + Space, AdminGuard.Around(spaces.CreateAsync));
        group.MapDelete("/namespaces" + Space, AdminGuard.Around(spaces.DeleteAsync));
        group.MapGet("/namespaces" + Space, AdminGuard.Around(spaces.PoliciesAsync));
        group.MapGet("/namespaces" + Space + "/topics", AdminGuard.Around(spaces.TopicsAsync));
        group.MapGet("/namespaces" + Space + "/{policy}", AdminGuard.Around(spaces.GetPolicyAsync));
        group.MapPost("/namespaces" + Space + "/{policy}", AdminGuard.Around(spaces.SetPolicyAsync));
        group.MapPut("/namespaces" + Space + "/{policy}", AdminGuard.Around(spaces.SetPolicyAsync));
        group.MapDelete("/namespaces" + Space + "/{policy}", AdminGuard.Around(spaces.RemovePolicyAsync));
    }

    private static void MapCluster(RouteGroupBuilder group, ClusterAdmin cluster, SchemaAdmin schemas)
    {
        group.MapGet("/admin/v2/clusters", AdminGuard.Around(cluster.ClustersAsync));
        group.MapGet("/admin/v2/clusters/{cluster}", AdminGuard.Around(cluster.ClusterAsync));
        group.MapGet("/admin/v2/brokers/health", AdminGuard.Around(cluster.HealthAsync));
        group.MapGet("/admin/v2/brokers/ready", AdminGuard.Around(cluster.HealthAsync));
        group.MapGet("/admin/v2/brokers/{cluster}", AdminGuard.Around(cluster.BrokersAsync));
        foreach (var domain in Domains)
        {
            group.MapGet($"/lookup/v2/topic/{domain}{Topic}", AdminGuard.Around(cluster.LookupAsync));
            group.MapGet($"/lookup/v2/destination/{domain}{Topic}", AdminGuard.Around(cluster.LookupAsync));
            group.MapGet($"/lookup/v2/topic/{domain}{Topic}/bundle", AdminGuard.Around(cluster.BundleAsync));
        }

        group.MapGet($"/admin/v2/schemas{Topic}/schema", AdminGuard.Around(schemas.GetAsync));
        group.MapGet($"/admin/v2/schemas{Topic}/schema/{{version}}", AdminGuard.Around(schemas.GetAsync));
        group.MapGet($"/admin/v2/schemas{Topic}/schemas", AdminGuard.Around(schemas.ListAsync));
        group.MapPost($"/admin/v2/schemas{Topic}/schema", AdminGuard.Around(schemas.AddAsync));
        group.MapDelete($"/admin/v2/schemas{Topic}/schema", AdminGuard.Around(schemas.DeleteAsync));
    }
}
