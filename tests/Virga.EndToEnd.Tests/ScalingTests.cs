using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>How instances come, stay, cool down and go, as whoever operates a node sees it.</summary>
public sealed class ScalingTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    private static readonly object FreezeAtOnce = new { keepWarm = new { idle = "0s", frozen = "1h" } };

    [Fact]
    public async Task A_new_version_of_a_dedicated_function_replaces_the_old_one_under_load_without_losing_a_call()
    {
        var settings = new { executor = "dedicated", minInstances = 2, maxInstances = 4 };
        await node.DeployAsync("rolling", Says(1), settings);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var clients = Enumerable.Range(0, 4).Select(_ => CallUntilAsync("rolling", enough.Token)).ToList();

        for (var version = 2; version <= 3; version++)
        {
            await node.DeployAsync("rolling", Says(version), settings);

            // What is deployed has the traffic, warm, from the answer on.
            var first = await node.GetAsync("/f/rolling");
            first.Body.ShouldBe($"{version}");
        }

        await enough.CancelAsync();
        var answers = (await Task.WhenAll(clients)).SelectMany(answer => answer).ToList();
        answers.ShouldAllBe(answer => answer.Status == 200);
        await Eventually.ReadAsync(async () => (await node.ControlAsync("functions/rolling/instances")).Json["items"]!.AsArray(), instances => instances.All(instance => instance!["version"]!.GetValue<int>() == 3));
    }

    [Fact]
    public async Task Scaling_takes_effect_at_once_and_replaces_no_instance()
    {
        await node.DeployAsync("resized", Says(1), new { executor = "dedicated", minInstances = 1 });
        var before = (await node.AllAreAsync("resized", "idle")).ShouldHaveSingleItem();
        await using var feed = await ChangeFeed.FollowAsync(node, "scale");

        (await node.RunAsync("fn", "scale", "resized", "--min", "3", "--max", "3")).ShouldSucceed();

        var after = await Eventually.ReadAsync(() => node.InstancesAsync("resized"), instances => instances.Count == 3);
        after.ShouldContain(before.Pid);
        var told = await feed.NextAsync(change => change["name"]!.ToString() == "resized");
        (told["from"]!.GetValue<int>(), told["to"]!.GetValue<int>(), told["reason"]!.ToString()).ShouldBe((1, 3, "floor"));
        (await node.ControlAsync("functions/resized")).Json["status"]!["liveVersion"]!.GetValue<int>().ShouldBe(1);

        (await node.RunAsync("fn", "scale", "resized", "--min", "0")).ShouldSucceed();
        (await feed.NextAsync(change => change["name"]!.ToString() == "resized"))["to"]!.GetValue<int>().ShouldBeLessThan(3);
    }

    [Fact]
    public async Task A_provisioned_instance_that_dies_is_replaced_without_a_call()
    {
        await node.DeployAsync("promised", Says(1), new { provisioned = new[] { new { instances = 2 } } });
        var before = await Eventually.ReadAsync(() => node.InstancesAsync("promised"), instances => instances.Count == 2);

        Signals.Kill(before[0]);

        var after = await Eventually.ReadAsync(() => node.InstancesAsync("promised"), instances => instances.Count == 2 && !instances.Contains(before[0]));
        after.ShouldContain(before[1]);
        (await node.GetAsync("/f/promised")).Header("Virga-Start").ShouldBe("warm");
    }

    [Fact]
    public async Task An_instance_with_an_open_WebSocket_or_stream_is_not_frozen_and_is_as_soon_as_they_have_ended()
    {
        await node.DeployAsync("talks", Source.Python("async def handler(event, ctx):\n    socket = event.accept()\n    async for message in socket:\n        await socket.send('echo ' + message)\n"), FreezeAtOnce);
        await node.DeployAsync("streams", HeldCall.Function("the end"), new { requestBody = "stream", keepWarm = new { idle = "0s", frozen = "1h" } });
        await node.DeployAsync("witness", Says(1), FreezeAtOnce);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{node.Gateway.Authority}/f/talks"), TestContext.Current.CancellationToken);
        (await EchoAsync(socket, "one")).ShouldBe("echo one");
        using var stream = await HeldCall.BeginAsync(node, "/f/streams");

        // Another function's instance is called later and frozen meanwhile.
        (await node.GetAsync("/f/witness")).Status.ShouldBe(200);
        await node.AllAreAsync("witness", "frozen");

        (await node.StatesAsync("talks")).ShouldHaveSingleItem().State.ShouldBe("busy");
        (await node.StatesAsync("streams")).ShouldHaveSingleItem().State.ShouldBe("busy");
        (await EchoAsync(socket, "two")).ShouldBe("echo two");
        (await stream.EndAsync()).ShouldBe("begun, the end");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await node.AllAreAsync("talks", "frozen");
        await node.AllAreAsync("streams", "frozen");
    }

    [Fact]
    public async Task Frozen_time_is_counted_apart_from_warm_time()
    {
        await node.DeployAsync("cooled", Source.Python("calls = 0\ndef handler(event, ctx):\n    global calls\n    calls += 1\n    return calls\n"), FreezeAtOnce);
        (await node.GetAsync("/f/cooled")).Body.ShouldBe("1");
        await node.AllAreAsync("cooled", "frozen");

        var used = await Eventually.ReadAsync(() => UsageAsync("cooled"), usage => Number(usage, "frozenByteSeconds") > 0);

        Number(used, "warmByteSeconds").ShouldBeGreaterThan(0);
        Number(used, "snapshotByteSeconds").ShouldBe(0);
        (await node.ControlAsync("node/activity")).Json["functions"]!.AsArray().Single(function => function!["name"]!.ToString() == "cooled")!["instances"]!["frozen"]!.GetValue<int>().ShouldBe(1);
        (await node.RunAsync("top", "--once", "--limit", "1000")).ShouldSucceed().Output.ShouldContain("cooled");

        // While it is frozen, and only then, warm time stands still.
        var later = await Eventually.ReadAsync(() => UsageAsync("cooled"), usage => Number(usage, "frozenByteSeconds") > Number(used, "frozenByteSeconds"));
        Number(later, "warmByteSeconds").ShouldBe(Number(used, "warmByteSeconds"));
        (await node.GetAsync("/f/cooled")).Body.ShouldBe("2");
    }

    [Fact]
    public async Task A_flooded_function_leaves_the_others_their_turn()
    {
        const int Flood = 300;
        await node.DeployAsync("flooded", HeldCall.Function("x"), new { requestBody = "stream", concurrency = 1, maxInstances = 1 });
        using var held = await HeldCall.BeginAsync(node, "/f/flooded");
        using var others = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var flood = Enumerable.Range(0, Flood).Select(_ => node.Http.GetAsync(new Uri("/f/flooded", UriKind.Relative), others.Token)).ToList();
        await Eventually.ReadAsync(async () => (await node.ControlAsync("functions/flooded/instances")).Json["queued"]!.GetValue<int>(), queued => queued == Flood);

        await node.DeployAsync("beside", Says(1));
        var began = Stopwatch.GetTimestamp();
        (await node.GetAsync("/f/beside")).Body.ShouldBe("1");

        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        flood.ShouldAllBe(call => !call.IsCompleted);
        await others.CancelAsync();
        (await held.EndAsync()).ShouldBe("begun, x");
    }

    [Fact]
    public async Task Two_hundred_functions_called_cold_at_once_are_all_answered()
    {
        const int Functions = 200;
        var package = (await node.DeployAsync("cold-0", Says(7))).Json["spec"]!["package"]!.ToString();
        for (var i = 1; i < Functions; i++)
        {
            (await node.ControlAsync(HttpMethod.Put, $"functions/cold-{i}", new JsonObject { ["spec"] = new JsonObject { ["environment"] = "python", ["package"] = package } })).Status.ShouldBe(201);
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, Functions).Select(i => node.GetAsync($"/f/cold-{i}")));

        // Cleanly refused is as good as answered; lost is not.
        answers.ShouldAllBe(answer => answer.Status == 200 || (answer.Status == 429 && answer.Header("Retry-After") != null));
        answers.Count(answer => answer.Body == "7").ShouldBeGreaterThan(Functions / 2);
    }

    private static Source Says(int number) => Source.Python($"def handler(event, ctx):\n    return {number}\n");

    private static async Task<string> EchoAsync(ClientWebSocket socket, string text)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    private static decimal Number(JsonNode row, string member) => row[member]!.GetValue<decimal>();

    private async Task<JsonNode> UsageAsync(string function) => (await node.ControlAsync($"usage?function={function}")).Json["total"]!;

    private async Task<IReadOnlyList<Answer>> CallUntilAsync(string function, CancellationToken enough)
    {
        List<Answer> answers = [];
        while (!enough.IsCancellationRequested)
        {
            answers.Add(await node.GetAsync($"/f/{function}"));
        }

        return answers;
    }
}
