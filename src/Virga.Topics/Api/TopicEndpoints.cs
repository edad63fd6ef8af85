using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;

namespace Virga.Topics.Api;

/// <summary>Maps what topics add to the control API.</summary>
public static class TopicEndpoints
{
    private const string Topic = "/topics/{topic}";
    private const string Subscription = Topic + "/subscriptions/{subscription}";
    private static readonly string[] Roots = ["/api/v1", "/api/v1/tenants/{tenant}/namespaces/{namespace}"];

    /// <summary>Maps <c>topics</c> and <c>topic-policies</c> under <c>/api/v1</c>, each under its full and its short path.</summary>
    /// <param name="endpoints">The control API.</param>
    /// <param name="node">Gives the topics; asked with each request, since a node opens them after its API has been built.</param>
    public static IEndpointRouteBuilder MapVirgaTopics(this IEndpointRouteBuilder endpoints, Func<TopicNode> node)
    {
        var services = endpoints.ServiceProvider;
        var time = services.GetRequiredService<TimeProvider>();
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var open = new OpenConsumers();
        var topics = new TopicsEndpoints(node);
        var publishing = new PublishEndpoint(node, time);
        var consuming = new ConsumeEndpoint(node, open, time, services.GetRequiredService<ILogger<ConsumeEndpoint>>(), stopping);
        var acknowledging = new AckEndpoints(open);
        var peeking = new PeekEndpoint(node);
        var subscriptions = new SubscriptionEndpoints(node, time);
        var stats = new StatsEndpoint(node, time, stopping);
        var policies = new PolicyEndpoints(node);
        var upkeep = new UpkeepEndpoints(node);
        foreach (var root in Roots)
        {
            var group = endpoints.MapGroup(root).WithTags("topics");
            group.MapGet("/topics", Described(topics.ListAsync)).WithSummary("List topics")
                .WithDescription("Topics whose local names begin with `prefix`, at most `limit` (100, up to 1000), behind the topic `after`; `next` is what to give as `after` for the rest.");
            group.MapGet(Topic, Described(topics.GetAsync)).WithSummary("Read what a topic is").WithDescription("Its partitions, the nodes that own them, and its own policies.");
            group.MapPut(Topic, Described(topics.CreateAsync)).WithSummary("Make a topic").WithDescription("{\"partitions\":N}; none for one sequence of messages. 409 when it exists.");
            group.MapPatch(Topic, Described(topics.GrowAsync)).WithSummary("Give a topic more partitions").WithDescription("{\"partitions\":N}. Keys may move to other partitions.");
            group.MapDelete(Topic, Described(topics.DeleteAsync)).WithSummary("Delete a topic").WithDescription("With its messages and subscriptions; `force=true` also while somebody is connected.");
            group.MapPost(Topic + "/messages", Described(publishing.PostAsync)).WithSummary("Publish")
                .WithDescription("The body is the message. `Virga-Key`, `Virga-Property: NAME=VALUE` (again and again), `Virga-Event-Time`, `Virga-Deliver-After`, `Virga-Deliver-At`, and `Virga-Producer` with `Virga-Sequence-Id` say more of it. With `Content-Type: application/x-ndjson` each line is a message: {\"key\",\"value\" or \"base64\",\"properties\",…}.");
            group.MapGet(Topic + "/messages", Described(consuming.GetAsync)).WithSummary("Consume or read")
                .WithDescription("Goes on as messages come: server-sent events with `Accept: text/event-stream`, else a JSON object on each line. With `subscription` for that (`type`, `from`, `ack=auto|explicit`, `ackTimeout`, `maxRedeliveries`), without one only to be read, `from` a place or behind `Last-Event-ID`. Ends after `count`.");
            group.MapPost(Topic + "/ack", Described(acknowledging.AckAsync)).WithSummary("Acknowledge messages").WithDescription("{\"consumer\",\"ids\"} for a stream with `ack=explicit`; \"upTo\":true for all before each id too.");
            group.MapPost(Topic + "/nack", Described(acknowledging.NackAsync)).WithSummary("Reject messages").WithDescription("{\"consumer\",\"ids\"}: they are delivered again after a while.");
            group.MapGet(Topic + "/peek", Described(peeking.GetAsync)).WithSummary("Look at messages").WithDescription("At most `count` (10, up to 1000) that `subscription` has not acknowledged, or the oldest that are kept.");
            group.MapGet(Topic + "/subscriptions", Described(subscriptions.ListAsync)).WithSummary("List subscriptions");
            group.MapPut(Subscription, Described(subscriptions.CreateAsync)).WithSummary("Make a subscription").WithDescription("It begins at `from`: earliest, latest, a message's id, a time, or a duration back.");
            group.MapDelete(Subscription, Described(subscriptions.DeleteAsync)).WithSummary("Delete a subscription").WithDescription("`force=true` also while it has consumers.");
            group.MapPost(Subscription + "/seek", Described(subscriptions.SeekAsync)).WithSummary("Move a subscription").WithDescription("{\"to\":…}: earliest, latest, a message's id, a time, or a duration back.");
            group.MapPost(Subscription + "/skip", Described(subscriptions.SkipAsync)).WithSummary("Pass over messages").WithDescription("{\"messages\":N} entries, or {\"messages\":\"all\"}.");
            group.MapPost(Subscription + "/expire", Described(subscriptions.ExpireAsync)).WithSummary("Pass over old messages").WithDescription("{\"olderThan\":\"10m\"}.");
            group.MapGet(Topic + "/stats", Described(stats.GetAsync)).WithSummary("Read how a topic stands").WithDescription("With `watch=1s` again and again, a JSON object on each line or as server-sent events.");
            group.MapGet(Topic + "/policies", Described(policies.GetOfTopicAsync)).WithSummary("Read a topic's policies").WithDescription("Its own, and those that hold for it.");
            group.MapPatch(Topic + "/policies", Described(policies.SetOfTopicAsync)).WithSummary("Change a topic's policies").WithDescription("Members of the body win, null takes one away.");
            group.MapGet("/topic-policies", Described(policies.GetOfNamespaceAsync)).WithSummary("Read a namespace's policies");
            group.MapPatch("/topic-policies", Described(policies.SetOfNamespaceAsync)).WithSummary("Change a namespace's policies").WithDescription("Members of the body win, null takes one away.");
            group.MapPost(Topic + "/terminate", Described(upkeep.TerminateAsync)).WithSummary("End a topic");
            group.MapPost(Topic + "/compaction", Described(upkeep.CompactAsync)).WithSummary("Compact a topic").WithDescription("Answers when it is done; `stats` says how it goes meanwhile.");
            group.MapPost(Topic + "/truncate", Described(upkeep.TruncateAsync)).WithSummary("Remove a topic's messages").WithDescription("Whatever is acknowledged or to be kept.");
            group.MapPost(Topic + "/unload", Described(upkeep.UnloadAsync)).WithSummary("Take a topic out of its owner's memory");
        }

        return endpoints;
    }

    // As a handler whose signature can be seen: the API's description leaves others out.
    private static Delegate Described(RequestDelegate handler)
    {
        var guarded = ProblemGuard.Around(handler);
        return (HttpContext http) => guarded(http);
    }
}
