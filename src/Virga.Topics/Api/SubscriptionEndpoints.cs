using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Topics.Names;

namespace Virga.Topics.Api;

/// <summary><c>/topics/{topic}/subscriptions…</c>: which there are, and where they stand.</summary>
internal sealed class SubscriptionEndpoints(Func<TopicNode> node, TimeProvider time)
{
    public async Task ListAsync(HttpContext http)
    {
        var stats = await node().Client.Administration.StatsAsync(TopicRequest.Topic(http), http.RequestAborted);
        await TopicAnswer.SendAsync(http, new JsonObject { ["items"] = stats["subscriptions"]?.DeepClone() });
    }

    public async Task CreateAsync(HttpContext http)
    {
        var (topic, subscription) = (TopicRequest.Topic(http), TopicRequest.Subscription(http));
        var (start, at) = TopicRequest.Place("from", TopicRequest.Parameter(http, "from"), time);
        await node().Client.Administration.CreateSubscriptionAsync(topic, subscription, start, at, http.RequestAborted);
        await TopicAnswer.SendAsync(http, Named(topic, subscription), StatusCodes.Status201Created);
    }

    public async Task DeleteAsync(HttpContext http)
    {
        var (topic, subscription) = (TopicRequest.Topic(http), TopicRequest.Subscription(http));
        await node().Client.Administration.DeleteSubscriptionAsync(topic, subscription, TopicRequest.Flag(http, "force"), http.RequestAborted);
        await TopicAnswer.SendAsync(http, Named(topic, subscription));
    }

    public async Task SeekAsync(HttpContext http)
    {
        var (topic, subscription) = (TopicRequest.Topic(http), TopicRequest.Subscription(http));
        var body = await TopicBody.ReadObjectAsync(http);
        var to = TopicBody.Text(body, "to") ?? throw TopicRequest.Invalid("The body does not say where 'to' go.", "Write {\"to\":\"earliest\"}, with a message's id, a time, or a duration back.");
        var (id, at) = TopicRequest.Place("to", to, time);
        var moved = await node().Client.Administration.SeekAsync(topic, subscription, id, at, http.RequestAborted);
        var answer = Named(topic, subscription);
        answer["parts"] = new JsonArray([.. moved.Select(static part => new JsonObject { ["topic"] = part.Part.ToString(), ["next"] = part.Result["next"]?.DeepClone(), ["backlog"] = part.Result["backlog"]?.DeepClone() })]);
        await TopicAnswer.SendAsync(http, answer);
    }

    public async Task SkipAsync(HttpContext http)
    {
        var (topic, subscription) = (TopicRequest.Topic(http), TopicRequest.Subscription(http));
        var body = await TopicBody.ReadObjectAsync(http);
        long? messages = body["messages"] switch
        {
            JsonValue value when value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<long>(out var count) && count > 0 => count,
            JsonValue value when value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() == "all" => null,
            var other => throw TopicRequest.Invalid($"'messages' of the body is {ResourceName.Shorten(other?.ToJsonString() ?? "missing")}.", "Write {\"messages\":10}, or {\"messages\":\"all\"}."),
        };
        await node().Client.Administration.SkipAsync(topic, subscription, messages, http.RequestAborted);
        await TopicAnswer.SendAsync(http, Named(topic, subscription));
    }

    public async Task ExpireAsync(HttpContext http)
    {
        var (topic, subscription) = (TopicRequest.Topic(http), TopicRequest.Subscription(http));
        var body = await TopicBody.ReadObjectAsync(http);
        var older = TopicBody.Text(body, "olderThan");
        if (older is null || !Duration.TryParse(older, out var age))
        {
            throw TopicRequest.Invalid($"'olderThan' of the body is '{ResourceName.Shorten(older)}'.", "Write {\"olderThan\":\"10m\"}.");
        }

        await node().Client.Administration.ExpireAsync(topic, subscription, time.GetUtcNow() - age.Span, http.RequestAborted);
        await TopicAnswer.SendAsync(http, Named(topic, subscription));
    }

    private static JsonObject Named(TopicName topic, SubscriptionName subscription) => new() { ["topic"] = topic.ToString(), ["subscription"] = subscription.Value };
}
