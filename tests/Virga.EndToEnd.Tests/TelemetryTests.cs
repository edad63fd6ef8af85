using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>What can be known afterwards of a call: its log, its usage record, its failure.</summary>
public sealed class TelemetryTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task The_log_of_one_call_is_found_by_its_invocation_id()
    {
        await node.DeployAsync("talkative", Source.JavaScript("export default (event, ctx) => { console.log('plain ' + event.query.n); ctx.log.warn('structured', { n: event.query.n }); };"));
        var one = await node.GetAsync("/f/talkative?n=one");
        await node.GetAsync("/f/talkative?n=two");
        await node.LoggedAsync("talkative", "plain two");

        var logs = (await node.RunAsync("fn", "logs", "talkative", "--invocation", one.Invocation)).ShouldSucceed().Output;

        logs.ShouldContain("plain one");
        logs.ShouldContain("structured");
        logs.ShouldNotContain("two");
        (await node.RunAsync("fn", "logs", "talkative", "--level", "warn")).ShouldSucceed().Output.ShouldNotContain("plain");
    }

    [Fact]
    public async Task Prints_in_every_language_become_lines_of_their_call()
    {
        var sources = new (string Name, Source Source)[]
        {
            ("prints-python", Source.Python("def handler(event, ctx):\n    print('from python')\n")),
            ("prints-csharp", Source.CSharp("public static class F { public static void Handler() => System.Console.WriteLine(\"from csharp\"); }")),
        };
        foreach (var (name, source) in sources)
        {
            await node.DeployAsync(name, source);
            var answer = await node.GetAsync($"/f/{name}");
            await node.LoggedAsync(name, "from");

            answer.Status.ShouldBe(200, answer.Body);
            (await node.ControlAsync($"functions/{name}/logs?invocation={answer.Invocation}")).Body.ShouldContain("from " + name["prints-".Length..]);
        }
    }

    [Fact]
    public async Task A_call_leaves_a_usage_record()
    {
        await node.DeployAsync("measured", Source.Python("def handler(event, ctx):\n    sum(range(300000))\n    return event.body\n"));
        var answer = await node.PostAsync("/f/measured", "twelve bytes");

        var record = await node.RecordAsync(answer.Invocation);

        record["function"]!.ToString().ShouldBe("default/default/measured");
        record["version"]!.GetValue<int>().ShouldBe(1);
        record["trigger"]!.ToString().ShouldBe("http");
        record["outcome"]!.ToString().ShouldBe("result");
        record["status"]!.GetValue<int>().ShouldBe(200);
        record["cold"]!.GetValue<bool>().ShouldBeTrue();
        record["bytesIn"]!.GetValue<long>().ShouldBe(12);
        record["bytesOut"]!.GetValue<long>().ShouldBe(14);
        record["durationMs"]!.GetValue<double>().ShouldBeGreaterThan(0);
        record["cpuMs"]!.GetValue<double>().ShouldBeGreaterThan(0);
        record["peakMemory"]!.GetValue<long>().ShouldBeGreaterThan(1 << 20);
        record["instance"]!.ToString().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_failed_call_is_explained_by_command_from_its_invocation_id()
    {
        await node.DeployAsync("failing", Source.JavaScript("export default () => { console.log('just before'); throw new RangeError('out of range'); };"));
        var answer = await node.GetAsync("/f/failing");
        await node.RecordAsync(answer.Invocation);
        await node.LoggedAsync("failing", "just before");

        var shown = (await node.RunAsync("invocation", "get", answer.Invocation)).ShouldSucceed().Output;

        shown.ShouldContain("function-error");
        shown.ShouldContain("out of range");
        shown.ShouldContain("just before");
    }

    [Fact]
    public async Task Statistics_count_calls_by_outcome()
    {
        await node.DeployAsync("counted", Source.JavaScript("export default (event) => { if (event.query.fail) throw new Error('asked to'); return 1; };"));
        await node.GetAsync("/f/counted");
        await node.GetAsync("/f/counted");
        await node.RecordAsync((await node.GetAsync("/f/counted?fail=1")).Invocation);

        var stats = await Eventually.ReadAsync(() => node.ControlAsync("functions/counted/stats"), answer => answer.Json["calls"]!.GetValue<int>() == 3);

        stats.Json["errors"]!.GetValue<int>().ShouldBe(1);
        stats.Json["byOutcome"]!["result"]!.GetValue<int>().ShouldBe(2);
        stats.Json["byOutcome"]!["function-error"]!.GetValue<int>().ShouldBe(1);
        stats.Json["coldStarts"]!.GetValue<int>().ShouldBe(1);
        (await node.RunAsync("fn", "stats", "counted")).ShouldSucceed().Output.ShouldContain("p99");
    }

    [Fact]
    public async Task Describing_a_function_that_cannot_start_says_why()
    {
        await node.DeployAsync("unloadable", Source.Python("import no_such_module\ndef handler(event, ctx):\n    return 1\n"));
        (await node.RunAsync("fn", "describe", "unloadable")).ShouldSucceed();
        await node.GetAsync("/f/unloadable");

        var described = await node.RunAsync("fn", "describe", "unloadable");

        described.Output.ShouldContain("no_such_module");
    }

    [Fact]
    public async Task Metrics_name_the_function_and_its_outcomes()
    {
        await node.DeployAsync("metered", Source.JavaScript("export default () => 1;"));
        await node.GetAsync("/f/metered");

        var metrics = await Eventually.ReadAsync(MetricsAsync, text => text.Contains("metered", StringComparison.Ordinal));

        metrics.ShouldContain("# TYPE");
    }

    [Fact]
    public async Task A_call_whose_client_leaves_is_recorded_as_cancelled()
    {
        await node.DeployAsync("abandoned", Source.JavaScript("export default async (event, ctx) => { console.log('begun'); await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve)); };"));
        using (var connection = await RawConnection.OpenAsync(node))
        {
            await connection.WriteAsync("GET /f/abandoned HTTP/1.1\r\nhost: localhost\r\n\r\n");
            await node.LoggedAsync("abandoned", "begun");
        }

        var record = await node.RecordAsync("abandoned", record => record["outcome"]!.ToString() == "cancelled");

        record["status"]!.GetValue<int>().ShouldBe(499);
    }

    private Task<string> MetricsAsync() => node.Http.GetStringAsync(new Uri(node.Admin, "/metrics"), TestContext.Current.CancellationToken);
}
