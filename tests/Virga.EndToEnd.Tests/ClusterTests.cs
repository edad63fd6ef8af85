using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Three nodes that share functions and state, and lose each other.</summary>
public sealed class ClusterTests(VirgaCluster cluster) : IClassFixture<VirgaCluster>
{
    private static readonly Source Counter = Source.JavaScript(
        "export default (event, ctx) => event.query.add ? ctx.state.counter('hits').increment(1) : ctx.state.get('hits');");

    private static readonly Source Register = Source.JavaScript(
        "export default async (event, ctx) => { if (event.query.put) await ctx.state.put('greeting', event.query.put); return await ctx.state.get('greeting') ?? 'nothing'; };");

    [Fact]
    public async Task What_is_deployed_on_one_node_is_served_by_all()
    {
        await cluster.DeployAsync("everywhere", Source.JavaScript("export default () => 'here';"));
        foreach (var node in cluster.Nodes)
        {
            (await node.GetAsync("/f/everywhere")).Body.ShouldBe("\"here\"");
            (await node.RunAsync("node", "list")).ShouldSucceed().Output.ShouldContain("three");
        }
    }

    [Fact]
    public async Task What_is_written_on_one_node_is_read_on_the_others()
    {
        await cluster.DeployAsync("register", Register);
        foreach (var writer in cluster.Nodes)
        {
            (await writer.GetAsync($"/f/register?put=from-{writer.Name}")).Body.ShouldBe($"\"from-{writer.Name}\"");
            foreach (var reader in cluster.Nodes)
            {
                await Eventually.ReadAsync(() => reader.GetAsync("/f/register"), answer => answer.Body == $"\"from-{writer.Name}\"");
            }
        }
    }

    [Fact]
    public async Task A_function_and_a_step_of_a_DAG_run_on_the_node_that_has_their_keys()
    {
        // What a call is named begins with its node.
        await cluster.DeployAsync("where", Source.JavaScript("export default (event, ctx) => ctx.id.split('.')[0] + (event.method === 'GET' ? '' : JSON.stringify(event.body));"));
        await cluster.DeployAsync("keep", Source.JavaScript("export default (event, ctx) => event.query.key ? ctx.state.put(event.query.key, 'kept') : null;"));
        await cluster.DeployAsync("asks", Source.JavaScript("export default (event, ctx) => event.query.key ? ctx.call('where', { kept: ctx.ref(event.query.key) }) : null;"));
        var (origin, keeper) = (cluster.Nodes[0], cluster.Nodes[1]);

        // Each key for the first time: whoever has been called with it has it as well. Some calls go anywhere.
        var next = 0;
        await Eventually.ReadAsync(
            async () =>
            {
                var key = $"kept-{next++}";
                (await keeper.GetAsync($"/f/keep?key={key}")).Status.ShouldBeInRange(200, 204);
                return await origin.GetAsync($"/f/asks?key={key}");
            },
            answer =>
            {
                answer.Status.ShouldBe(200, answer.Body);
                answer.Body.ShouldContain("kept");
                return answer.Body.StartsWith("\"two{", StringComparison.Ordinal);
            });

        var again = 0;
        await Eventually.ReadAsync(
            async () =>
            {
                var name = $"near-{again++}";
                (await keeper.GetAsync($"/f/keep?key={name}")).Status.ShouldBeInRange(200, 204);
                var spec = JsonNode.Parse($$$"""{"spec":{"nodes":[{"name":"a","function":"where","references":{"kept":"{{{name}}}"}}]}}""")!;
                (await origin.ControlAsync(HttpMethod.Put, $"dags/{name}", spec)).Status.ShouldBeInRange(200, 201);
                return await origin.PostAsync($"/d/{name}", "1", "application/json");
            },
            answer =>
            {
                answer.Status.ShouldBe(200, answer.Body);
                return answer.Body.StartsWith("\"two{", StringComparison.Ordinal);
            });
    }

    [Fact]
    public async Task Without_a_RabbitMQ_whoever_wants_topics_is_told_what_is_missing()
    {
        var node = cluster.Nodes[0];
        await cluster.DeployAsync("publishes", Source.JavaScript("export default async (event, ctx) => { try { return await ctx.publish('orders', 1); } catch (error) { return error.message; } };"));
        var trigger = new { spec = new { source = new { topic = new { topics = new[] { "orders" } } }, function = "publishes" } };
        var stream = new { spec = new { inputs = new[] { "orders" }, function = "publishes" } };

        foreach (var answer in (Answer[])[
            await node.ControlAsync(HttpMethod.Put, "topics/orders", new JsonObject()),
            await node.ControlAsync("topics/orders/stats"),
            await node.ControlAsync(HttpMethod.Put, "triggers/orders", JsonSerializer.SerializeToNode(trigger)!),
            await node.ControlAsync(HttpMethod.Put, "streams/orders", JsonSerializer.SerializeToNode(stream)!)])
        {
            answer.ShouldBeProblem(503, "unavailable").ShouldContain("RabbitMQ");
            answer.Json["fix"]!.ToString().ShouldContain("--rabbitmq");
        }

        (await node.RunAsync("topic", "publish", "orders", "1")).ShouldFail(5, "unavailable").ShouldContain("--rabbitmq");
        (await node.GetAsync("/f/publishes")).Body.ShouldContain("RabbitMQ");
    }

    [Fact]
    public async Task Of_two_nodes_with_one_name_the_second_does_not_start()
    {
        using var folder = new TemporaryFolder();
        var twin = await VirgaProgram.RunAsync(
            folder.Path, null, "up", "--data", Path.Combine(folder.Path, "data"), "--gateway", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--cluster", cluster.Url, "--node", "two");
        twin.Code.ShouldNotBe(0);
        twin.Error.ShouldContain("node-name-in-use");
        await cluster.SeeEachOtherAsync(3);
    }

    [Fact]
    public async Task What_was_counted_anywhere_sums_exactly_though_a_node_is_killed_under_load()
    {
        await cluster.DeployAsync("counter", Counter);
        var before = await CountAsync(cluster.Nodes[0]);
        var (victim, others) = (cluster.Nodes[2], cluster.Nodes.Take(2).ToList());
        using var loading = new CancellationTokenSource();
        var loads = cluster.Nodes.Select(node => LoadAsync(node, loading.Token)).ToList();
        await Eventually.HoldsAsync(() => loads.TrueForAll(load => load.Progress.Acknowledged > 20));

        await victim.KillAsync();
        var killed = Stopwatch.StartNew();
        await cluster.SeeEachOtherAsync(2, others);
        killed.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(8));
        foreach (var node in others)
        {
            (await node.GetAsync("/f/counter?add=1")).Status.ShouldBe(200);
        }

        await loading.CancelAsync();
        await Task.WhenAll(loads.Select(load => load.Ended));
        await victim.StartAsync();
        await cluster.SeeEachOtherAsync(3);

        // What a killed node had acknowledged is in its log, and stored when it runs again. What it had not may have been counted or not.
        var acknowledged = before + others.Count + loads.Sum(load => load.Progress.Acknowledged);
        var attempted = before + others.Count + loads.Sum(load => load.Progress.Attempted);
        var sums = await Eventually.ReadAsync(
            async () => await Task.WhenAll(cluster.Nodes.Select(CountAsync)),
            counts => counts.All(count => count == counts[0] && count >= acknowledged));
        sums[0].ShouldBeLessThanOrEqualTo(attempted);
    }

    [Fact]
    public async Task While_the_database_is_away_local_work_goes_on_and_afterwards_all_agree()
    {
        await cluster.DeployAsync("tally", Source.JavaScript(
            "export default (event, ctx) => event.query.add ? ctx.state.counter('tally').increment(1) : ctx.state.get('tally');"));
        foreach (var node in cluster.Nodes)
        {
            (await node.GetAsync("/f/tally?add=1")).Status.ShouldBe(200);
        }

        // Longer than leases last: by then no node is sure to be a member, and all go on.
        var acknowledged = 3;
        await cluster.Postgres.CrashAsync();
        var away = Stopwatch.StartNew();
        while (away.Elapsed < TimeSpan.FromSeconds(6))
        {
            foreach (var node in cluster.Nodes)
            {
                (await node.GetAsync("/f/tally?add=1")).Status.ShouldBe(200);
                acknowledged++;
            }
        }

        (await cluster.Nodes[0].ControlAsync(HttpMethod.Put, "dags/unheard-of", JsonNode.Parse("""{"spec":{"nodes":[{"name":"a","function":"tally"}]}}""")!)).Json["type"]!.ToString()
            .ShouldEndWith("cluster-unavailable");
        await cluster.Postgres.ResumeAsync();
        foreach (var node in cluster.Nodes)
        {
            await Eventually.ReadAsync(() => node.GetAsync("/f/tally"), answer => answer.Body == $"{acknowledged}");
        }

        await cluster.SeeEachOtherAsync(3);
        await cluster.DeployAsync("after", Source.JavaScript("export default () => 'again';"));
    }

    [Fact]
    public async Task A_run_of_a_DAG_ends_elsewhere_when_the_node_of_one_of_its_steps_is_killed()
    {
        await cluster.DeployAsync("begin", Source.JavaScript("export default () => 1;"));
        await cluster.DeployAsync("tries", Source.JavaScript("export default (event, ctx) => ctx.state.get('tries');"));

        // Its first attempt never ends: only another one, on another node, can.
        await cluster.DeployAsync("finish", Source.JavaScript(
            """
            export default async (event, ctx) => {
              if (event.method === 'GET') return 'ready';
              if (await ctx.state.counter('tries').increment(1) === 1) await new Promise((resolve) => setTimeout(resolve, 25_000));
              return 'finished';
            };
            """));
        var spec = JsonNode.Parse(
            """{"spec":{"placement":"spread","nodes":[{"name":"a","function":"begin"},{"name":"b","function":"finish"}],"edges":[{"from":"a","to":"b"}]}}""")!;
        var (origin, victim) = (cluster.Nodes[0], cluster.Nodes[2]);
        (await origin.ControlAsync(HttpMethod.Put, "dags/resilient", spec)).Status.ShouldBeInRange(200, 201);

        var running = origin.PostAsync("/d/resilient", "1", "application/json");
        await Eventually.ReadAsync(() => origin.GetAsync("/f/tries"), answer => answer.Body == "1");
        await victim.KillAsync();
        var killed = Stopwatch.StartNew();
        var answer = await running;

        answer.Status.ShouldBe(200, answer.Body);
        answer.Body.ShouldBe("\"finished\"");
        killed.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15));
        await victim.StartAsync();
        await cluster.SeeEachOtherAsync(3);
    }

    [Fact]
    public async Task Under_causal_consistency_a_conversation_across_nodes_misses_nothing_that_it_has_seen()
    {
        var node = cluster.Nodes[0];
        var sample = Path.Combine(Installation.Root, "samples", "retwis");
        (await node.RunAsync("apply", "-f", Path.Combine(sample, "virga.yaml"))).ShouldSucceed();

        var counted = await SystemCommand.RunAsync("node", Path.Combine(sample, "anomalies.mjs"), "--rounds", "50", "--json", node.Gateway.ToString());

        // How many anomalies lww has is a matter of time, and so printed only.
        var output = counted.ShouldSucceed().Output;
        TestContext.Current.TestOutputHelper!.WriteLine(output);
        JsonNode.Parse(output)!["causal"]!.ToJsonString().ShouldBe("""{"rounds":50,"ownMissing":0,"originalMissing":0}""");
        var run = JsonNode.Parse((await node.RunAsync("dag", "runs", "conversation-causal", "--output", "json")).ShouldSucceed().Output)!["items"]![0]!;
        run["steps"]!.AsArray().Select(step => step!["node"]!.ToString()).Distinct().Count().ShouldBe(3);
    }

    private static async Task<long> CountAsync(ClusterMemberNode node)
    {
        var answer = await node.GetAsync("/f/counter");
        return answer.Body is "null" or "" ? 0 : long.Parse(answer.Body, CultureInfo.InvariantCulture);
    }

    private static (Progress Progress, Task Ended) LoadAsync(ClusterMemberNode node, CancellationToken stop)
    {
        var progress = new Progress();
        return (progress, Task.Run(() => RunAsync(), CancellationToken.None));

        async Task RunAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                progress.Attempted++;
                try
                {
                    if ((await node.GetAsync("/f/counter?add=1")).Status == 200)
                    {
                        progress.Acknowledged++;
                    }
                }
                catch (HttpRequestException)
                {
                    // The node is gone: its load ends with it.
                    return;
                }
            }
        }
    }

    private sealed class Progress
    {
        public long Attempted { get; set; }

        public long Acknowledged { get; set; }
    }
}
