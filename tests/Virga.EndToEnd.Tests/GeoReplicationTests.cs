using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>What is published in one cluster is in the other one, in real nodes.</summary>
public sealed class GeoReplicationTests
{
    [Fact]
    public async Task Every_message_is_in_the_other_cluster_once_although_the_node_is_killed()
    {
        // Nothing is sent back in this test: where the first one is, the second one does not need to know.
        await using var us = new ReplicatingNode("us", "eu=pulsar://127.0.0.1:9");
        await us.InitializeAsync();
        await using var eu = new ReplicatingNode("eu", $"us={us.Pulsar}");
        await eu.InitializeAsync();
        (await us.RunAsync("topic", "policy", "set", "--policies", """{"deduplication":true}""")).ShouldSucceed();
        (await eu.RunAsync("topic", "policy", "set", "--policies", """{"deduplication":true,"replicationClusters":["eu","us"]}""")).ShouldSucceed();

        await PublishAsync(eu, 0, 300);
        await eu.KillAsync();
        await eu.StartAsync();
        await PublishAsync(eu, 300, 300);

        await Eventually.ReadAsync(
            async () => (await eu.ControlAsync("topics/orders/stats")).Json["replication"]!.AsArray(),
            static clusters => clusters is [var only] && only!["cluster"]!.ToString() == "us" && (int)only["backlog"]! == 0 && (bool)only["isConnected"]!);
        var there = (await us.ControlAsync("topics/orders/peek?count=1000")).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        there.Select(static line => JsonNode.Parse(line)!["value"]!["n"]!.GetValue<int>()).ShouldBe(Enumerable.Range(0, 600));
    }

    private static async Task PublishAsync(VirgaNode node, int first, int count)
    {
        var lines = string.Concat(Enumerable.Range(first, count).Select(static n => $$$"""{"value":{"n":{{{n}}}}}""" + "\n"));
        (await node.ControlAsync(HttpMethod.Post, "topics/orders/messages", new StringContent(lines, System.Text.Encoding.UTF8, "application/x-ndjson"))).Status.ShouldBe(200);
    }
}
