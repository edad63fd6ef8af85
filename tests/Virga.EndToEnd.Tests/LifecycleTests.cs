using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>The end of a node, wanted or not, and its next start on the same data.</summary>
public sealed class LifecycleTests : IAsyncLifetime
{
    private readonly VirgaNode _node = new();

    public ValueTask InitializeAsync() => _node.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _node.DisposeAsync();
    }

    [Fact]
    public async Task A_killed_node_leaves_no_worker_and_its_next_start_serves_everything_again()
    {
        await _node.DeployAsync("kept-js", Source.JavaScript("export default () => 'js';"));
        await _node.DeployAsync("kept-python", Source.Python("def handler(event, ctx):\n    return 'python'\n"));
        await _node.DeployAsync("kept-csharp", Source.CSharp("public static class F { public static string Handler() => \"csharp\"; }"));
        await _node.RouteAsync("GET", "/kept/{id}", "kept-js");
        await CallAllAsync();
        var workers = (await _node.InstancesAsync("kept-js")).Concat(await _node.InstancesAsync("kept-python")).Concat(await _node.InstancesAsync("kept-csharp")).ToList();
        workers.Count.ShouldBe(3);
        workers.ShouldAllBe(pid => Machine.Runs(pid));

        await _node.KillAsync();

        await Eventually.HoldsAsync(() => !workers.Exists(Machine.Runs));
        await _node.StartAsync();
        await CallAllAsync();
        (await _node.GetAsync("/kept/7")).Body.ShouldBe("\"js\"");
        (await _node.RunAsync("fn", "list")).ShouldSucceed().Output.ShouldContain("kept-csharp");

        async Task CallAllAsync()
        {
            foreach (var language in (string[])["js", "python", "csharp"])
            {
                (await _node.GetAsync($"/f/kept-{language}")).Body.ShouldBe($"\"{language}\"");
            }
        }
    }

    [Fact]
    public async Task A_node_killed_in_the_middle_of_scaling_leaves_nothing_that_outlives_its_next_run()
    {
        var source = Source.Python("def handler(event, ctx):\n    return 'here'\n");
        var lacks = JsonNode.Parse(await _node.Http.GetStringAsync(new Uri(_node.Admin, "/readyz"), TestContext.Current.CancellationToken))!;
        List<string> functions = ["frozen"];
        await _node.DeployAsync("frozen", source, new { keepWarm = new { idle = "0s", frozen = "1h" } });
        if (lacks["gvisorMissing"] is null)
        {
            await _node.DeployAsync("in-gvisor", source, new { isolation = "gvisor" });
            functions.Add("in-gvisor");
        }

        if (lacks["internetMissing"] is null)
        {
            await _node.DeployAsync("outward", source, new { egress = "internet" });
            functions.Add("outward");
        }

        await ServesAllAsync();
        await _node.AllAreAsync("frozen", lacks["freezingMissing"] is null ? "frozen" : "idle");
        await _node.DeployAsync("many", Source.Python("import time\ntime.sleep(1)\ndef handler(event, ctx):\n    return 'here'\n"), new { provisioned = new[] { new { instances = 1 } } });
        functions.Add("many");
        await _node.DeployAsync("never", Source.Python("import time\ntime.sleep(60)\n"));
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var calls = Enumerable.Range(0, 8).Select(i => _node.Http.GetAsync(new Uri(i % 2 == 0 ? "/f/many" : "/f/never", UriKind.Relative), abandoned.Token)).ToList();
        await Eventually.ReadAsync(async () => (await _node.ControlAsync("functions/never/instances")).Json["starting"]!.GetValue<int>(), starting => starting > 0);
        var id = Machine.NodeOf((await _node.InstancesAsync("frozen"))[0]);
        Assert.SkipWhen(id is null, "needs control groups");
        var processes = Machine.ProcessesOf(id);
        processes.Count.ShouldBeGreaterThan(functions.Count);

        await _node.KillAsync();

        await Should.ThrowAsync<HttpRequestException>(Task.WhenAll(calls));
        await _node.StartAsync();
        processes.Where(Machine.Runs).ShouldBeEmpty();
        await ServesAllAsync();
        (await _node.StopAsync()).ShouldBe(0, _node.Errors);
        Machine.GroupsOf(id).ShouldBeEmpty();
        Machine.CommandsWith(_node.Data).ShouldBeEmpty();
        Machine.MountsBelow(_node.Data).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(Path.Combine(_node.Data, "scratch")).ShouldBeEmpty();

        async Task ServesAllAsync()
        {
            foreach (var function in functions)
            {
                (await _node.GetAsync($"/f/{function}")).Body.ShouldBe("\"here\"", function);
            }
        }
    }

    [Fact]
    public async Task A_node_that_is_told_to_stop_lets_a_call_in_flight_end_and_exits_with_0()
    {
        await _node.DeployAsync("slow", Source.Python("import time\ndef handler(event, ctx):\n    print('begun')\n    time.sleep(2)\n    return 'finished'\n"));
        var call = _node.GetAsync("/f/slow");
        await _node.LoggedAsync("slow", "begun");
        var workers = await _node.InstancesAsync("slow");

        var code = await _node.StopAsync();

        (await call).Body.ShouldBe("\"finished\"");
        code.ShouldBe(0, _node.Errors);
        await Eventually.HoldsAsync(() => !workers.Any(Machine.Runs));
    }

    [Fact]
    public async Task A_stopping_node_lets_a_streamed_answer_go_to_its_end()
    {
        await _node.DeployAsync("streamed", HeldCall.Function("its end"), HeldCall.Settings);
        using var call = await HeldCall.BeginAsync(_node, "/f/streamed");

        _node.BeginStop();
        await _node.PrintedAsync("Stopping");

        (await call.EndAsync()).ShouldBe("begun, its end");
        (await _node.EndedAsync()).ShouldBe(0, _node.Errors);
    }

    [Fact]
    public async Task A_stopped_node_leaves_no_temporary_file_or_scratch_folder()
    {
        await _node.DeployAsync("compiled", Source.CSharp("public static class F { public static int Handler() => 1; }"), new { isolation = "process" });
        (await _node.GetAsync("/f/compiled")).Status.ShouldBe(200);

        await _node.StopAsync();

        Directory.EnumerateFileSystemEntries(VirgaProgram.TemporaryFolderIn(_node.Folder.Path)).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(Path.Combine(_node.Data, "scratch")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_package_whose_files_were_lost_is_named_by_describe_and_mended_by_deploying_again()
    {
        var source = Source.JavaScript("export default () => 'mended';");
        (await _node.DeployByCommandAsync("lost", source)).ShouldSucceed();
        await _node.StopAsync();
        var digest = Directory.EnumerateDirectories(Path.Combine(_node.Data, "packages", "sha256")).ShouldHaveSingleItem();
        Directory.Delete(digest, recursive: true);
        await _node.StartAsync();
        (await _node.RunAsync("fn", "describe", "lost")).Output.ShouldContain("is not on this node");

        (await _node.DeployByCommandAsync("lost", source)).ShouldSucceed();

        (await _node.GetAsync("/f/lost")).Body.ShouldBe("\"mended\"");
    }

    [Fact]
    public async Task A_node_tells_whether_it_is_well_and_ready()
    {
        (await _node.Http.GetStringAsync(new Uri(_node.Admin, "/healthz"), TestContext.Current.CancellationToken)).ShouldBe("ok\n");
        (await _node.Http.GetStringAsync(new Uri(_node.Admin, "/readyz"), TestContext.Current.CancellationToken)).ShouldContain("\"ready\":true");
        (await _node.Http.GetStringAsync(new Uri(_node.Admin, "/api/v1/openapi/v1.json"), TestContext.Current.CancellationToken)).ShouldContain("/functions/{name}/rollback");
    }
}
