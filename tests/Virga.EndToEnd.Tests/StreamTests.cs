using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Stream functions in a real node.</summary>
public sealed class StreamTests(DurableNode node) : IClassFixture<DurableNode>
{
    [Fact]
    public async Task The_sample_of_windows_does_what_its_README_says()
    {
        (await node.RunAsync("apply", "-f", Path.Combine(Installation.Root, "samples", "stream-windows", "virga.yaml"))).ShouldSucceed();
        foreach (var amount in (int[])[3, 4, 5])
        {
            (await node.PostAsync("/sales", $$"""{"shop":"oslo","amount":{{amount}}}""", "application/json")).Status.ShouldBe(202);
        }

        // All three within a second, or over its edge.
        var (sales, total) = (0, 0);
        while (sales < 3)
        {
            var summary = (await ConsumeAsync("sales-summaries", 1)).Single();
            summary["shop"]!.ToString().ShouldBe("oslo");
            sales += (int)summary["sales"]!;
            total += (int)summary["total"]!;
        }

        (sales, total).ShouldBe((3, 12));
        (await node.RunAsync("stream", "stats", "sales-summaries")).ShouldSucceed().Output.ShouldContain("running");
        (await node.RunAsync("apply", "-f", Path.Combine(Installation.Root, "samples", "stream-windows", "virga.yaml"))).ShouldSucceed().Output.ShouldContain("stream sales-summaries (unchanged)");
    }

    [Fact]
    public async Task Each_message_is_answered_once_although_the_node_is_killed()
    {
        await node.DeployAsync("double", Source.JavaScript("export default (event) => event.body.n * 2;"), new { concurrency = 8 });
        await node.DeployAsync("numbers", Source.JavaScript("export default (event, ctx) => ctx.publishMany('numbers', Array.from({ length: 100 }, (_, i) => ({ message: { n: Number(event.query.first) + i } })));"));
        (await node.RunAsync("stream", "create", "double", "--input", "numbers", "--output-topic", "doubles", "--from", "earliest", "--processing", "effectively-once")).ShouldSucceed();
        (await node.GetAsync("/f/numbers?first=0")).Status.ShouldBe(200);
        await Eventually.ReadAsync(async () => (await node.ControlAsync("streams/double/stats")).Json, static stats => (int)stats["published"]! > 0);
        await node.KillAsync();
        await node.StartAsync();
        (await node.GetAsync("/f/numbers?first=100")).Status.ShouldBe(200);

        var doubles = await ConsumeAsync("doubles", 200);

        doubles.Select(static one => (int)one).ShouldBe(Enumerable.Range(0, 200).Select(static n => n * 2));
        var stats = (await node.ControlAsync("topics/doubles/stats")).Json;
        stats["entries"]!.GetValue<double>().ShouldBe(200);
    }

    [Fact]
    public async Task Wrong_streams_are_refused_with_what_is_wrong()
    {
        (await node.RunAsync("stream", "create", "lost", "--input", "in", "--function", "nobody")).ShouldFail(1, "invalid-spec").ShouldContain("There is no function 'nobody'.");
        (await node.RunAsync("stream", "create", "lost", "--function", "nobody")).ShouldFail(2, "usage").ShouldContain("--input");
        (await node.RunAsync("stream", "create", "lost", "--input", "in", "--slide", "1s")).ShouldFail(2, "usage").ShouldContain("--window");
        (await node.RunAsync("stream", "stats", "lost")).ShouldFail(1, "not-found").ShouldContain("There is no stream 'lost'.");
        (await node.RunAsync("stream", "restart", "lost")).ShouldFail(1, "not-found").ShouldContain("There is no stream 'lost'.");
        (await node.RunAsync("stream", "delete", "lost")).ShouldFail(1, "not-found").ShouldContain("lost");
    }

    private async Task<List<JsonNode>> ConsumeAsync(string topic, int count)
    {
        var consumed = await node.RunAsync("topic", "consume", topic, "--subscription", "test", "--from", "earliest", "--count", $"{count}", "--output", "json");
        consumed.ShouldSucceed();
        return [.. consumed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!["value"]!)];
    }
}
