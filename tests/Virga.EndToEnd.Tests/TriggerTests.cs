using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Functions publish, and messages call functions, in a real node.</summary>
public sealed class TriggerTests(DurableNode node) : IClassFixture<DurableNode>
{
    private const string Remember = "export default async (event, ctx) => { await ctx.state.set('seen').add(event.body.n); };";

    [Fact]
    public async Task The_order_pipeline_does_what_its_README_says()
    {
        (await node.RunAsync("apply", "-f", Path.Combine(Installation.Root, "samples", "order-pipeline", "virga.yaml"))).ShouldSucceed();
        (await PostAsync("/orders", """{"customer":"ada","sku":"tea","count":2}""")).Status.ShouldBe(202);
        (await PostAsync("/orders", """{"customer":"ada","sku":"sand"}""")).Status.ShouldBe(202);
        (await PostAsync("/orders", """{"customer":"ada","sku":"cup"}""")).Status.ShouldBe(202);

        var seen = await Eventually.ReadAsync(
            async () => (await node.GetAsync("/customers/ada")).Json,
            static look => look["shipped"]!.AsArray().Count == 2 && look["failed"]!.AsArray().Count == 1);

        seen["shipped"]!.ToJsonString().ShouldBe("""[{"count":2,"customer":"ada","number":1,"sku":"tea","total":900},{"count":1,"customer":"ada","number":2,"sku":"cup","total":1200}]""");
        (seen["failed"]![0]!["sku"]!.ToString(), seen["failed"]![0]!["why"]!.ToString(), (int)seen["failed"]![0]!["attempts"]!).ShouldBe(("sand", "Error: nobody sells 'sand'", 3));
    }

    [Fact]
    public async Task Every_message_that_was_acknowledged_is_handled_although_the_node_is_killed()
    {
        await node.DeployAsync("take", Source.JavaScript("export default (event, ctx) => ctx.publish('numbers', { n: Number(event.query.n) }, { key: String(event.query.n % 7) });"), new { concurrency = 50 });
        await node.DeployAsync("remember", Source.JavaScript(Remember), new { concurrency = 4, maxInstances = 2 });
        await node.DeployAsync("list", Source.JavaScript("export default async (event, ctx) => ctx.state.set('seen').values();"));
        await TriggerAsync("remember", new { source = Topic("numbers", "key_shared"), function = "remember" });
        var acknowledged = new ConcurrentBag<int>();
        var publishing = Enumerable.Range(0, 8).Select(worker => PublishUntilGoneAsync(worker, acknowledged)).ToList();
        await Eventually.HoldsAsync(() => acknowledged.Count > 150);
        await node.KillAsync();
        await Task.WhenAll(publishing);
        await node.StartAsync();

        await Eventually.ReadAsync(
            async () => (await node.GetAsync("/f/list")).Json.AsArray().Select(static n => (int)n!).ToHashSet(),
            seen => acknowledged.All(seen.Contains));
    }

    [Fact]
    public async Task Functions_of_every_language_publish()
    {
        await node.DeployAsync("publish-js", Source.JavaScript("export default (event, ctx) => ctx.publish('languages', { language: 'js' }, { properties: { Tone: 'ü' } });"));
        await node.DeployAsync("publish-python", Source.Python("async def handler(event, ctx): return await ctx.publish('languages', {'language': 'python'}, key='k')\n"));
        await node.DeployAsync("publish-csharp", Source.CSharp("public static class F { public static async Task<string> Handler(Context context) => await context.PublishAsync(\"languages\", new { language = \"csharp\" }); }"));
        await node.DeployAsync("hear", Source.JavaScript("export default async (event, ctx) => { await ctx.state.set('heard').add(event.body.language + ' ' + (event.headers['virga-property-tone'] ?? event.headers['virga-message-key'] ?? event.trigger)); };"));
        await node.DeployAsync("heard", Source.JavaScript("export default async (event, ctx) => ctx.state.set('heard').values();"));
        await TriggerAsync("hear", new { source = Topic("languages"), function = "hear" });
        foreach (var name in (string[])["publish-js", "publish-python", "publish-csharp"])
        {
            var answer = await node.GetAsync("/f/" + name);
            answer.Status.ShouldBe(200, answer.Body);
            answer.Body.ShouldMatch("^\"\\d+:\\d+\"$");
        }

        var heard = await Eventually.ReadAsync(async () => (await node.GetAsync("/f/heard")).Json.AsArray(), static heard => heard.Count == 3);
        heard.Select(static one => one!.ToString()).Order().ShouldBe(["csharp topic", "js ü", "python k"]);
    }

    [Fact]
    public async Task A_function_publishes_within_its_namespace_only()
    {
        await node.DeployAsync("astray", Source.JavaScript("export default async (event, ctx) => { try { await ctx.publish('persistent://default/elsewhere/t', 1); } catch (error) { return error.type; } };"));

        (await node.GetAsync("/f/astray")).Body.ShouldBe("\"out-of-scope\"");
    }

    [Fact]
    public async Task A_backlog_starts_instances_and_figures_tell_of_it()
    {
        await node.DeployAsync("burst", Source.JavaScript("export default (event, ctx) => ctx.publishMany('slow', Array.from({ length: 60 }, (_, n) => ({ message: { n } })));"));
        await node.DeployAsync("slow", Source.JavaScript("export default (event, ctx) => new Promise((resolve) => setTimeout(resolve, 100));"), new { maxInstances = 4 });
        (await node.RunAsync("trigger", "create", "slow", "--topic", "slow", "--from", "earliest", "--function", "slow")).ShouldSucceed();
        (await node.GetAsync("/f/burst")).Status.ShouldBe(200);
        await Eventually.ReadAsync(async () => (await node.ControlAsync("functions/slow/instances")).Json["items"]!.AsArray().Count, static instances => instances == 4);

        var stats = await Eventually.ReadAsync(async () => (await node.ControlAsync("triggers/slow/stats")).Json, static stats => (int)stats["handled"]! == 60);
        ((int)stats["concurrency"]!, stats["state"]!.ToString(), (int)stats["deadLetters"]!).ShouldBe((4, "running", 0));
        (await node.Http.GetStringAsync(new Uri(node.Admin, "/metrics"), TestContext.Current.CancellationToken)).ShouldContain("virga_triggers_handled_total{trigger=\"default/default/slow\"} 60\n");
        (await node.RunAsync("trigger", "stats", "slow")).ShouldSucceed().Output.ShouldContain("60");
        (await node.RunAsync("trigger", "delete", "slow")).ShouldSucceed();
        (await node.ControlAsync("triggers/slow/stats")).Status.ShouldBe(404);
    }

    private static object Topic(string topic, string type = "shared") => new { topic = new { topics = new[] { topic }, type, from = "earliest" } };

    private async Task TriggerAsync(string name, object spec)
    {
        var created = await node.ControlAsync(HttpMethod.Put, $"triggers/{name}", new JsonObject { ["spec"] = System.Text.Json.JsonSerializer.SerializeToNode(spec) });
        created.Status.ShouldBeInRange(200, 201, created.Body);
    }

    private Task<Answer> PostAsync(string path, string json) => node.PostAsync(path, json, "application/json");

    private async Task PublishUntilGoneAsync(int worker, ConcurrentBag<int> acknowledged)
    {
        for (var n = worker; ; n += 8)
        {
            try
            {
                var answer = await node.GetAsync($"/f/take?n={n}");
                answer.Status.ShouldBe(200, answer.Body);
                acknowledged.Add(n);
            }
            catch (HttpRequestException)
            {
                // The node is gone.
                return;
            }
        }
    }
}
