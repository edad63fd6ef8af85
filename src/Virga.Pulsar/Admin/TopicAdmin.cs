using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Pulsar.Lookups;
using Virga.Pulsar.WebSockets;
using Virga.Topics.Administration;
using Virga.Topics.Api;
using Virga.Topics.Brokers;
using Virga.Topics.Names;

namespace Virga.Pulsar.Admin;

/// <summary><c>/admin/v2/persistent/…</c> and <c>/admin/v2/non-persistent/…</c>: which topics there are, and what is done with them.</summary>
internal sealed class TopicAdmin(Func<TopicNode> node)
{
    private const int PageSize = 1000;

    private TopicAdministration Administration => node().Client.Administration;

    public Task ListAsync(HttpContext http) => ListAsync(http, wholes: false);

    public Task ListPartitionedAsync(HttpContext http) => ListAsync(http, wholes: true);

    public async Task CreateAsync(HttpContext http)
    {
        await node().Broker.CreateAsync(SocketRequest.Topic(http), 0, http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task CreatePartitionedAsync(HttpContext http)
    {
        await node().Broker.CreateAsync(SocketRequest.Topic(http), await PartitionsAsync(http), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task GrowAsync(HttpContext http)
    {
        await node().Broker.GrowAsync(SocketRequest.Topic(http), await PartitionsAsync(http), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task CountAsync(HttpContext http)
    {
        var topic = SocketRequest.Topic(http);
        var creation = AdminRequest.Flag(http, "checkAllowAutoCreation") ? TopicCreation.AsPolicySays : TopicCreation.Never;
        var partitions = await node().Broker.PartitionsAsync(topic, creation, http.RequestAborted)
            ?? throw new ProblemException(KnownProblems.NotFound($"There is no topic '{topic}'.", "Make it first."));
        await AdminAnswer.SendAsync(http, new JsonObject { ["partitions"] = partitions });
    }

    public async Task DeleteAsync(HttpContext http)
    {
        await node().Broker.DeleteAsync(SocketRequest.Topic(http), AdminRequest.Flag(http, "force"), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task StatsAsync(HttpContext http) => await AdminAnswer.SendAsync(http, PulsarStats.Of(await Administration.StatsAsync(SocketRequest.Topic(http), http.RequestAborted)));

    public async Task PartitionedStatsAsync(HttpContext http)
    {
        var topic = SocketRequest.Topic(http);
        var stats = PulsarStats.Of(await Administration.StatsAsync(topic, http.RequestAborted));
        var parts = await Administration.PartStatsAsync(topic, http.RequestAborted);
        stats["metadata"] = new JsonObject { ["partitions"] = parts is [var (only, _)] && only == topic ? 0 : parts.Count };
        stats["partitions"] = AdminRequest.Flag(http, "perPartition") || !http.Request.Query.ContainsKey("perPartition")
            ? new JsonObject(parts.Select(part => KeyValuePair.Create(ClientNames.For(AdminRequest.Part(http, "tenant"), part.Part), (JsonNode?)PulsarStats.Of(part.Stats))))
            : new JsonObject();
        await AdminAnswer.SendAsync(http, stats);
    }

    public async Task InternalStatsAsync(HttpContext http) => await AdminAnswer.SendAsync(http, PulsarStats.Internals(await Administration.StatsAsync(SocketRequest.Topic(http), http.RequestAborted)));

    public async Task LastMessageAsync(HttpContext http) => await AdminAnswer.SendAsync(http, AdminRequest.Write(await Administration.LastMessageAsync(SocketRequest.Topic(http), http.RequestAborted)));

    public async Task TerminateAsync(HttpContext http)
    {
        var ends = await Administration.TerminateAsync(SocketRequest.Topic(http), http.RequestAborted);
        await AdminAnswer.SendAsync(http, ends is [var only] ? AdminRequest.Write(only) : new JsonArray([.. ends.Select(static end => (JsonNode)AdminRequest.Write(end))]));
    }

    public Task UnloadAsync(HttpContext http) => DoAsync(http, Administration.UnloadAsync);

    public Task TruncateAsync(HttpContext http) => DoAsync(http, Administration.TruncateAsync);

    public Task CompactAsync(HttpContext http) => DoAsync(http, Administration.CompactAsync);

    public async Task CompactionAsync(HttpContext http)
    {
        var stats = await Administration.StatsAsync(SocketRequest.Topic(http), http.RequestAborted);
        await AdminAnswer.SendAsync(http, new JsonObject { ["status"] = stats["compaction"]?.DeepClone() ?? "NOT_RUN", ["lastError"] = "" });
    }

    private static async Task DoAsync(HttpContext http, Func<TopicName, CancellationToken, ValueTask> run)
    {
        await run(SocketRequest.Topic(http), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    // A number alone, or the metadata of a partitioned topic.
    private static async ValueTask<int> PartitionsAsync(HttpContext http)
    {
        var body = await AdminRequest.BodyAsync(http);
        var partitions = AdminRequest.Long(body is JsonObject metadata ? metadata["partitions"] : body);
        return partitions is > 0 and <= 10_000
            ? (int)partitions
            : throw new ProblemException(KnownProblems.InvalidRequest($"A topic with {partitions} partitions cannot be.", "Give a number from 1 to 10000.") with { Status = StatusCodes.Status406NotAcceptable });
    }

    private async Task ListAsync(HttpContext http, bool wholes)
    {
        var (tenant, space, domain) = (AdminRequest.Part(http, "tenant"), AdminRequest.Part(http, "ns"), SocketRequest.Domain(http));
        var names = new JsonArray();
        string? after = null;
        do
        {
            var page = await node().Broker.ListAsync(TopicName.Own(tenant), space, after, PageSize, http.RequestAborted);
            after = page.Next;
            foreach (var topic in page.Topics)
            {
                if (topic.Name.IsPersistent != (domain == "persistent"))
                {
                    continue;
                }

                if (wholes && topic.Partitions > 0)
                {
                    names.Add(ClientNames.For(tenant, topic.Name));
                }
                else if (!wholes && topic.Partitions == 0)
                {
                    names.Add(ClientNames.For(tenant, topic.Name));
                }

                for (var i = 0; !wholes && i < topic.Partitions; i++)
                {
                    names.Add(ClientNames.For(tenant, topic.Name.OfPartition(i)));
                }
            }
        }
        while (after is not null);
        await AdminAnswer.SendAsync(http, names);
    }
}
