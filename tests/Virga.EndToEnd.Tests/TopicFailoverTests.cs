using System.Diagnostics;
using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Topics whose owner is killed, or whose RabbitMQ is, while they are used.</summary>
public sealed class TopicFailoverTests(TopicCluster cluster) : IClassFixture<TopicCluster>
{
    [Fact]
    public async Task When_a_topics_owner_is_killed_the_next_one_has_all_that_was_acknowledged_and_consumers_go_on()
    {
        var (victim, others) = (cluster.Nodes[2], cluster.Nodes.Take(2).ToList());
        var topic = await cluster.CreateOwnedByAsync("orphaned", victim);
        var early = await ConsumeForGoodAsync(topic, 20);
        using var feed = await TopicFeed.OpenAsync(others[0], topic, "subscription=all&from=earliest");
        var loads = Enumerable.Range(0, 4).Select(n => PublishingLoad.Start(others[n % 2], topic, $"load-{n}")).ToList();
        await Eventually.HoldsAsync(() => loads.TrueForAll(static load => load.Acknowledged.Count > 20));

        await victim.KillAsync();
        var killed = Stopwatch.StartNew();
        var before = loads.ConvertAll(static load => load.Acknowledged.Count);
        await Eventually.HoldsAsync(() => loads.TrueForAll(load => load.Acknowledged.Count > before[loads.IndexOf(load)] + 20));
        killed.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(12));
        var acknowledged = new HashSet<string>(StringComparer.Ordinal);
        foreach (var load in loads)
        {
            acknowledged.UnionWith(await load.StopAsync());
        }

        // Who was connected goes on, and whoever comes gets what it has not acknowledged.
        var missing = acknowledged.Concat(early).ToHashSet(StringComparer.Ordinal);
        await feed.TakeAsync(values => missing.Remove(values[^1]) && missing.Count == 0);
        using (var later = await TopicFeed.OpenAsync(others[1], topic, "subscription=early"))
        {
            missing.UnionWith(acknowledged);
            (await later.TakeAsync(values => missing.Remove(values[^1]) && missing.Count == 0)).ShouldNotContain(value => early.Contains(value));
        }

        await victim.StartAsync();
        await cluster.SeeEachOtherAsync(3);
        await PublishAsync(victim, topic, "home again");
        (await feed.TakeAsync(static values => values[^1] == "home again")).ShouldNotBeEmpty();
        (await TopicCluster.OwnersAsync(others[0], topic)).ShouldBe([victim.Name]);
    }

    [Fact]
    public async Task A_stream_function_publishes_each_answer_once_although_a_node_with_some_of_its_partitions_is_killed()
    {
        await cluster.CreateAsync("clicks", 6);
        (await cluster.Nodes[0].ControlAsync(HttpMethod.Patch, "topics/clicks/policies", JsonNode.Parse("""{"deduplication":true}""")!)).Status.ShouldBe(200);
        await cluster.DeployAsync("echo", Source.JavaScript("export default (event) => event.body;"));
        await cluster.Nodes[0].PutAsync("streams/echoing", new { inputs = new[] { "clicks" }, function = "echo", output = "clicked", processing = "effectively-once", from = "earliest" });
        var victim = cluster.Nodes[2];
        (await TopicCluster.OwnersAsync(cluster.Nodes[0], "clicks")).ShouldContain(victim.Name);
        var loads = cluster.Nodes.Take(2).Select(node => PublishingLoad.Start(node, "clicks", $"from-{node.Name}", isNumbered: true)).ToList();
        await Eventually.HoldsAsync(() => loads.TrueForAll(static load => load.Acknowledged.Count > 20));

        await victim.KillAsync();
        var before = loads.ConvertAll(static load => load.Acknowledged.Count);
        await Eventually.HoldsAsync(() => loads.TrueForAll(load => load.Acknowledged.Count > before[loads.IndexOf(load)] + 20));
        var published = new List<string>();
        foreach (var load in loads)
        {
            published.AddRange(await load.StopAsync());
        }

        await victim.StartAsync();
        await cluster.SeeEachOtherAsync(3);
        await Eventually.ReadAsync(
            async () => (await cluster.Nodes[0].ControlAsync("streams/echoing/stats")).Json["lanes"]!.AsArray(),
            static lanes => lanes.Count == 6 && lanes.All(static lane => (long)lane!["backlog"]! == 0));
        await PublishAsync(cluster.Nodes[0], "clicked", "end");
        using var feed = await TopicFeed.OpenAsync(cluster.Nodes[1], "clicked", "from=earliest");

        (await feed.TakeAsync(static values => values[^1] == "end")).ShouldBe(published.Append("end"), ignoreOrder: true);
    }

    [Fact]
    public async Task While_RabbitMQ_restarts_publishing_waits_and_nothing_is_lost()
    {
        await cluster.CreateAsync("patient", 6);
        await cluster.DeployAsync("hello", Source.JavaScript("export default () => 'hello';"));
        using var feed = await TopicFeed.OpenAsync(cluster.Nodes[1], "patient", "subscription=all&from=earliest");
        var loads = cluster.Nodes.Select(node => PublishingLoad.Start(node, "patient", $"patient-{node.Name}")).ToList();
        await Eventually.HoldsAsync(() => loads.TrueForAll(static load => load.Acknowledged.Count > 20));

        await cluster.RabbitMq.CrashAsync();
        foreach (var node in cluster.Nodes)
        {
            (await node.GetAsync("/f/hello")).Status.ShouldBe(200);
        }

        await cluster.RabbitMq.ResumeAsync();
        var before = loads.ConvertAll(static load => load.Acknowledged.Count);
        await Eventually.HoldsAsync(() => loads.TrueForAll(load => load.Acknowledged.Count > before[loads.IndexOf(load)] + 20));
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var load in loads)
        {
            missing.UnionWith(await load.StopAsync());
            load.Refusals.ShouldBeEmpty();
        }

        await feed.TakeAsync(values => missing.Remove(values[^1]) && missing.Count == 0);
    }

    [Fact]
    public async Task While_the_database_is_away_open_topics_take_messages_and_consumers_go_on_when_it_is_back()
    {
        await cluster.CreateAsync("undated", 6);
        using var feed = await TopicFeed.OpenAsync(cluster.Nodes[1], "undated", "subscription=all&from=earliest");
        var loads = cluster.Nodes.Select(node => PublishingLoad.Start(node, "undated", $"undated-{node.Name}")).ToList();
        await Eventually.HoldsAsync(() => loads.TrueForAll(static load => load.Acknowledged.Count > 20));

        await cluster.Postgres.CrashAsync();
        var before = loads.ConvertAll(static load => load.Acknowledged.Count);
        await Eventually.HoldsAsync(() => loads.TrueForAll(load => load.Acknowledged.Count > before[loads.IndexOf(load)] + 20));
        await cluster.Postgres.ResumeAsync();
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var load in loads)
        {
            missing.UnionWith(await load.StopAsync());
            load.Refusals.ShouldBeEmpty();
        }

        await feed.TakeAsync(values => missing.Remove(values[^1]) && missing.Count == 0);
        await Eventually.ReadAsync(
            async () => (await cluster.Nodes[0].ControlAsync("topics/undated/stats")).Json["subscriptions"]!.AsArray().Single()!,
            static subscription => (long)subscription["backlog"]! == 0);
        await cluster.SeeEachOtherAsync(3);
    }

    [Fact]
    public async Task A_node_that_was_started_without_RabbitMQ_says_so_where_a_topic_would_be_its_own()
    {
        var bare = new ClusterMemberNode("bare", cluster.Url);
        try
        {
            await bare.StartAsync();
            await cluster.SeeEachOtherAsync(4);
            var topic = await cluster.CreateOwnedByAsync("unreachable", bare);

            var answer = await cluster.Nodes[0].ControlAsync(HttpMethod.Post, $"topics/{topic}/messages", new StringContent("lost"));

            answer.ShouldBeProblem(503, "unavailable").ShouldContain("'bare'");
            answer.Json["fix"]!.ToString().ShouldContain("--rabbitmq");
        }
        finally
        {
            await bare.DisposeAsync();
        }

        await cluster.SeeEachOtherAsync(3);
    }

    // Publishes messages and consumes them as a subscription that is told when its acknowledgements are durable.
    private async Task<HashSet<string>> ConsumeForGoodAsync(string topic, int count)
    {
        for (var n = 0; n < count; n++)
        {
            await PublishAsync(cluster.Nodes[n % 3], topic, $"early-{n}");
        }

        using var feed = await TopicFeed.OpenAsync(cluster.Nodes[0], topic, "subscription=early&from=earliest&ack=explicit");
        var (values, ids) = (new HashSet<string>(StringComparer.Ordinal), new JsonArray());
        while (values.Count < count)
        {
            var message = await feed.NextAsync();
            values.Add(message["value"]!.ToString());
            ids.Add(message["id"]!.ToString());
        }

        var acknowledged = await cluster.Nodes[0].ControlAsync(HttpMethod.Post, $"topics/{topic}/ack", new JsonObject { ["consumer"] = feed.Consumer, ["ids"] = ids });
        acknowledged.Status.ShouldBe(200, acknowledged.Body);
        return values;
    }

    private static async Task PublishAsync(VirgaNode node, string topic, string value)
    {
        var answer = await node.ControlAsync(HttpMethod.Post, $"topics/{topic}/messages", new StringContent(value));
        answer.Status.ShouldBe(200, answer.Body);
    }
}
