using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Names;
using Virga.Topics.Policies;

namespace Virga.Topics.Api;

/// <summary><c>GET /topics</c>, and <c>GET</c>, <c>PUT</c>, <c>PATCH</c> and <c>DELETE /topics/{topic}</c>: which there are.</summary>
internal sealed class TopicsEndpoints(Func<TopicNode> node)
{
    private const int StandardLimit = 100;
    private const int MaxLimit = 1000;
    private const int MaxPartitions = 10_000;

    public async Task ListAsync(HttpContext http)
    {
        var (scope, prefix) = (TopicRequest.Scope(http), TopicRequest.Parameter(http, "prefix") ?? "");
        var limit = TopicRequest.Count(http, "limit", 1, MaxLimit) ?? StandardLimit;
        var items = new JsonArray();
        var after = TopicRequest.Parameter(http, "after");
        do
        {
            var page = await node().Broker.ListAsync(scope.Tenant.Value, scope.Namespace.Value, after, MaxLimit, http.RequestAborted);
            after = page.Next;
            foreach (var topic in page.Topics)
            {
                if (!topic.Name.Local.StartsWith(prefix, StringComparison.Ordinal))
                {
                    continue;
                }

                if (items.Count == limit)
                {
                    after = items[^1]!["topic"]!.GetValue<string>();
                    break;
                }

                items.Add(Describe(topic.Name, topic.Partitions));
            }
        }
        while (after is not null && items.Count < limit);
        await TopicAnswer.SendAsync(http, new JsonObject { ["items"] = items, ["next"] = after });
    }

    public async Task GetAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        var broker = node().Broker;
        var parts = await node().Client.Administration.PartsAsync(topic, http.RequestAborted);
        var document = Describe(topic, parts is [var only] && only == topic ? 0 : parts.Count);
        document["owners"] = new JsonArray([.. parts.Select(part => new JsonObject { ["topic"] = part.ToString(), ["node"] = broker.OwnerOf(part).Value })]);
        document["policies"] = PolicyDocument.Write((await broker.PoliciesAsync(PolicyOwner.OfTopic(topic), http.RequestAborted)).Policies);
        await TopicAnswer.SendAsync(http, document);
    }

    public async Task CreateAsync(HttpContext http)
    {
        var (topic, partitions) = await ReadAsync(http, least: 0);
        await node().Broker.CreateAsync(topic, partitions, http.RequestAborted);
        await TopicAnswer.SendAsync(http, Describe(topic, partitions), StatusCodes.Status201Created);
    }

    public async Task GrowAsync(HttpContext http)
    {
        var (topic, partitions) = await ReadAsync(http, least: 1);
        await node().Broker.GrowAsync(topic, partitions, http.RequestAborted);
        await TopicAnswer.SendAsync(http, Describe(topic, partitions));
    }

    public async Task DeleteAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        await node().Broker.DeleteAsync(topic, TopicRequest.Flag(http, "force"), http.RequestAborted);
        await TopicAnswer.SendAsync(http, new JsonObject { ["topic"] = topic.ToString() });
    }

    private static JsonObject Describe(TopicName topic, int partitions) => new()
    {
        ["name"] = topic.Local,
        ["topic"] = topic.ToString(),
        ["domain"] = topic.IsPersistent ? "persistent" : "non-persistent",
        ["partitions"] = partitions,
    };

    private static async ValueTask<(TopicName Topic, int Partitions)> ReadAsync(HttpContext http, int least)
    {
        var topic = TopicRequest.Topic(http);
        var body = await TopicBody.ReadObjectAsync(http);
        TopicBody.AllowOnly(body, "partitions");
        var partitions = TopicRequest.Count(http, "partitions", least, MaxPartitions) ?? TopicBody.Number(body, "partitions") ?? least;
        return partitions >= least && partitions <= MaxPartitions
            ? (topic, partitions)
            : throw new ProblemException(KnownProblems.InvalidRequest($"partitions is {partitions}; it must be a number from {least} to {MaxPartitions}.", least == 0 ? "Use 0 for a topic without partitions." : "Use a greater number than it has."));
    }
}
