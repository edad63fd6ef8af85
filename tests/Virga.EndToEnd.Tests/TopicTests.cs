using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Topics on a real node: from the command line, over HTTP, and after a kill.</summary>
public sealed class TopicTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task What_was_published_is_consumed_once_by_its_subscription_also_after_a_kill()
    {
        (await node.RunAsync("topic", "create", "orders", "--partitions", "2")).ShouldSucceed();
        for (var i = 0; i < 4; i++)
        {
            (await node.RunAsync("topic", "publish", "orders", $"order {i}", "--key", $"customer-{i}")).ShouldSucceed();
        }

        (await node.RunAsync("topic", "consume", "orders", "--subscription", "billing", "--from", "earliest", "--count", "3")).ShouldSucceed();
        await node.KillAsync();
        await node.StartAsync();

        var rest = await node.RunAsync("topic", "consume", "orders", "--subscription", "billing", "--count", "1", "--output", "json");

        rest.ShouldSucceed();
        JsonNode.Parse(rest.Output)!["value"]!.ToString().ShouldStartWith("order ");
        var stats = (await node.ControlAsync("topics/orders/stats")).Json;
        stats["subscriptions"]![0]!["backlog"]!.GetValue<double>().ShouldBe(0);
        stats["entries"]!.GetValue<double>().ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public async Task Pulsars_admin_api_sees_the_same_topics()
    {
        (await node.RunAsync("topic", "create", "seen", "--partitions", "3")).ShouldSucceed();

        (await AskAsync("admin/v2/persistent/public/default/seen/partitions"))["partitions"]!.GetValue<int>().ShouldBe(3);
        (await AskAsync("lookup/v2/topic/persistent/public/default/seen-partition-0"))["brokerUrl"]!.ToString().ShouldStartWith("pulsar://127.0.0.1:");
    }

    private async Task<JsonNode> AskAsync(string path) => JsonNode.Parse(await node.Http.GetStringAsync(new Uri(node.Admin, path), TestContext.Current.CancellationToken))!;
}
