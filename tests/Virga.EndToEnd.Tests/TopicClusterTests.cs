using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Topics that belong to one node each, and are used on all.</summary>
public sealed class TopicClusterTests(TopicCluster cluster) : IClassFixture<TopicCluster>
{
    private const string StockClient = "tests/Virga.Pulsar.Tests/StockClient";

    [Fact]
    public async Task A_topic_that_is_made_on_one_node_takes_and_gives_messages_on_all()
    {
        await cluster.CreateAsync("everywhere");
        var published = new List<string>();
        foreach (var node in cluster.Nodes)
        {
            (await node.ControlAsync("topics")).Json["items"]!.AsArray().ShouldContain(static topic => topic!["name"]!.ToString() == "everywhere");
            (await TopicCluster.OwnersAsync(node, "everywhere")).ShouldBe(await TopicCluster.OwnersAsync(cluster.Nodes[0], "everywhere"));
            (await node.RunAsync("topic", "publish", "everywhere", $"by command on {node.Name}")).ShouldSucceed();
            (await node.ControlAsync(HttpMethod.Post, "topics/everywhere/messages", new StringContent($"by HTTP on {node.Name}"))).Status.ShouldBe(200);
            published.AddRange([$"by command on {node.Name}", $"by HTTP on {node.Name}"]);
        }

        foreach (var node in cluster.Nodes)
        {
            using var feed = await TopicFeed.OpenAsync(node, "everywhere", $"subscription=of-{node.Name}&from=earliest");
            (await feed.TakeAsync(published.Count)).ShouldBe(published);
        }
    }

    [Fact]
    public async Task A_client_of_Pulsar_is_sent_to_the_node_that_owns_its_topic()
    {
        await cluster.CreateAsync("looked-up", 12);
        var owners = await TopicCluster.OwnersAsync(cluster.Nodes[0], "looked-up");
        owners.Distinct().ShouldBe(cluster.Nodes.Select(static node => node.Name), ignoreOrder: true);
        foreach (var asked in cluster.Nodes)
        {
            for (var partition = 0; partition < owners.Count; partition++)
            {
                using var response = await asked.Http.GetAsync(
                    new Uri(asked.Admin, $"/lookup/v2/topic/persistent/public/default/looked-up-partition-{partition}"), TestContext.Current.CancellationToken);
                var found = await Answer.ReadAsync(response);
                found.Status.ShouldBe(200, found.Body);
                new Uri(found.Json["brokerUrl"]!.ToString()).Port.ShouldBe(cluster.Node(owners[partition]).Pulsar!.Port);
            }
        }

        var first = cluster.Nodes[0];
        var client = await SystemCommand.RunAsync("node", Path.Combine(Installation.Root, StockClient, "client.mjs"), $"127.0.0.1:{first.Pulsar!.Port}");

        var reports = client.ShouldSucceed().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!).ToList();
        reports.Count.ShouldBe(4, client.Error);
        var elsewhere = 0;
        foreach (var report in reports)
        {
            ((bool)report["isLate"]!).ShouldBeFalse(client.Error);
            report["got"]!.AsArray().Sum(static messages => messages!.AsArray().Count).ShouldBe(60);
            elsewhere += (await TopicCluster.OwnersAsync(first, $"flex-{report["type"]}")).Single() == first.Name ? 0 : 1;
        }

        elsewhere.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Messages_that_functions_publish_call_a_function_on_the_nodes_that_own_their_partitions()
    {
        await cluster.CreateAsync("spread", 12);
        await cluster.DeployAsync("emit", Source.JavaScript("export default (event, ctx) => event.query.n ? ctx.publish('spread', { n: Number(event.query.n) }, { key: event.query.n }) : null;"));
        await cluster.DeployAsync("note", Source.JavaScript("export default async (event, ctx) => { if (event.body?.n >= 0) await ctx.state.set('noted').add(ctx.id.split('.')[0] + ' ' + event.body.n); return 'noted'; };"));
        await cluster.DeployAsync("noted", Source.JavaScript("export default async (event, ctx) => ctx.state.set('noted').values();"));
        await cluster.Nodes[1].PutAsync("triggers/note", new { source = new { topic = new { topics = new[] { "spread" }, type = "shared", from = "earliest" } }, function = "note" });
        for (var n = 0; n < 48; n++)
        {
            var answer = await cluster.Nodes[n % 3].GetAsync($"/f/emit?n={n}");
            answer.Status.ShouldBe(200, answer.Body);
        }

        var noted = await Eventually.ReadAsync(
            async () => (await cluster.Nodes[2].GetAsync("/f/noted")).Json.AsArray().Select(static one => one!.ToString().Split(' ')).ToList(),
            static noted => noted.Count >= 48);
        noted.Select(static one => one[1]).ShouldBe(Enumerable.Range(0, 48).Select(static n => $"{n}"), ignoreOrder: true);
        noted.Select(static one => one[0]).Distinct().ShouldBe(cluster.Nodes.Select(static node => node.Name), ignoreOrder: true);
    }

    [Fact]
    public async Task A_stream_function_runs_on_the_nodes_that_own_its_partitions_and_keeps_the_order_of_each_key()
    {
        await cluster.CreateAsync("lines", 12);
        await cluster.DeployAsync("double", Source.JavaScript("export default (event, ctx) => ({ n: 2 * (event.body?.n ?? 0), by: ctx.id.split('.')[0] });"));
        await cluster.Nodes[1].PutAsync("streams/doubling", new { inputs = new[] { "lines" }, function = "double", output = "doubled", processing = "effectively-once", from = "earliest" });
        var lines = new StringBuilder();
        for (var n = 0; n < 120; n++)
        {
            lines.Append(CultureInfo.InvariantCulture, $$$"""{"key":"k{{{n % 24}}}","value":{"n":{{{n}}}}}""").Append('\n');
        }

        var published = await cluster.Nodes[1].ControlAsync(HttpMethod.Post, "topics/lines/messages", new StringContent(lines.ToString(), Encoding.UTF8, "application/x-ndjson"));
        published.Status.ShouldBe(200, published.Body);

        using var feed = await TopicFeed.OpenAsync(cluster.Nodes[2], "doubled", "from=earliest");
        var seen = new List<(string Key, int N, string By)>();
        while (seen.Count < 120)
        {
            var message = await feed.NextAsync();
            seen.Add((message["key"]!.ToString(), (int)message["value"]!["n"]!, message["value"]!["by"]!.ToString()));
        }

        seen.Select(static one => one.N).ShouldBe(Enumerable.Range(0, 120).Select(static n => 2 * n), ignoreOrder: true);
        foreach (var key in seen.GroupBy(static one => one.Key))
        {
            key.Select(static one => one.N).ShouldBeInOrder();
        }

        seen.Select(static one => one.By).Distinct().ShouldBe(cluster.Nodes.Select(static node => node.Name), ignoreOrder: true);
        var stats = (await Eventually.ReadAsync(
            () => cluster.Nodes[0].ControlAsync("streams/doubling/stats"),
            static answer => answer.Json["lanes"]!.AsArray().Sum(static lane => (long)lane!["backlog"]!) == 0)).Json;
        ((long)stats["received"]!, (long)stats["published"]!, stats["lanes"]!.AsArray().Count, stats["unreachable"]!.AsArray().Count).ShouldBe((120, 120, 12, 0));
    }
}
