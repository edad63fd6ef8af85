using System.Text.Json.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Tests;

public sealed class FunctionLifecycleTests
{
    private static readonly (string, JsonNode)[] Kept = [("executor", "dedicated"), ("minInstances", 1)];

    [Fact]
    public async Task A_version_is_made_ready_before_its_traffic_moves_and_live_after()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1", Kept);
        var resolvedMeanwhile = 0;
        host.Traffic.Clear();
        host.Traffic.Prepare = async (_, _) => resolvedMeanwhile = (await host.ResolveAsync("hello"))!.Version;

        await host.DeployAsync("hello", "2", Kept);

        resolvedMeanwhile.ShouldBe(1);
        var live = await host.ResolveAsync("hello");
        live.ShouldNotBeNull().Version.ShouldBe(2);
        host.Traffic.Prepared.ShouldHaveSingleItem().ShouldBeSameAs(live);
        host.Traffic.Live.ShouldHaveSingleItem().ShouldBeSameAs(live);
        host.Traffic.Retired.ShouldHaveSingleItem().Version.ShouldBe(1);
    }

    [Fact]
    public async Task A_version_that_cannot_be_made_ready_takes_no_traffic_and_nothing_changes()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        host.Traffic.Clear();
        host.Traffic.Prepare = (_, _) => throw new ProblemException(KnownProblems.LoadFailed("SyntaxError", "no such word", "index.mjs:1", null));

        var problem = await host.DeployAsync("hello", "2", Kept, 502);

        ((string?)problem["type"]).ShouldBe("urn:virga:problem:load-failed");
        var function = await host.GetAsync("functions/hello");
        ((int?)function["version"]).ShouldBe(1);
        ((int?)function["status"]!["latestVersion"]).ShouldBe(1);
        host.Traffic.Live.ShouldBeEmpty();
        host.Traffic.Retired.ShouldHaveSingleItem().ShouldBeSameAs(host.Traffic.Prepared.ShouldHaveSingleItem());
    }

    [Fact]
    public async Task A_version_that_is_not_ready_in_time_is_refused()
    {
        await using var host = await ControlHost.StartAsync(options => options with { PrepareTimeout = TimeSpan.FromMilliseconds(50) });
        host.Traffic.Prepare = async (_, cancellation) => await Task.Delay(Timeout.Infinite, cancellation);

        var problem = await host.DeployAsync("hello", "1", Kept, 503);

        ((string?)problem["detail"]).ShouldNotBeNull().ShouldContain("were not ready");
        await host.GetAsync("functions/hello", 404);
        host.Traffic.Retired.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task While_one_function_is_made_ready_others_are_deployed()
    {
        await using var host = await ControlHost.StartAsync();
        var began = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        host.Traffic.Prepare = async (version, _) =>
        {
            if (version.Name.Name.Value == "slow")
            {
                began.TrySetResult();
                await go.Task;
            }
        };
        var slow = host.DeployAsync("slow", "1", Kept);
        await began.Task;

        await host.DeployAsync("fast", "1", Kept);
        slow.IsCompleted.ShouldBeFalse();
        go.SetResult();

        ((int?)(await slow)["status"]!["liveVersion"]).ShouldBe(1);
    }

    [Fact]
    public async Task A_function_that_changes_while_a_version_is_made_ready_is_decided_upon_anew()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        var interfered = false;
        host.Traffic.Prepare = async (version, _) =>
        {
            if (!interfered && version.Version == 2)
            {
                interfered = true;
                await host.DeployAsync("hello", "other");
            }
        };

        var function = await host.DeployAsync("hello", "mine", Kept);

        ((int?)function["status"]!["liveVersion"]).ShouldBe(3);
        host.Traffic.Prepared.Select(version => version.Version).ShouldBe([1, 2, 2, 3]);
        host.Traffic.Retired.Select(version => version.Version).ShouldBe([1, 2, 2], ignoreOrder: true);
        host.Traffic.Live.Last().ShouldBeSameAs(await host.ResolveAsync("hello"));
    }

    [Fact]
    public async Task A_rollback_makes_the_old_version_ready_too()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1", Kept);
        await host.DeployAsync("hello", "2", Kept);
        host.Traffic.Clear();

        await host.SendAsync(HttpMethod.Post, "functions/hello/rollback", new { }, 200);

        var live = await host.ResolveAsync("hello");
        host.Traffic.Prepared.ShouldHaveSingleItem().ShouldBeSameAs(live);
        host.Traffic.Live.ShouldHaveSingleItem().ShouldBeSameAs(live);
    }

    [Fact]
    public async Task A_node_that_starts_announces_those_versions_alone_that_keep_instances()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("plain", "1");
        await host.DeployAsync("kept", "1", Kept);
        await host.DeployAsync("provisioned", "1", [("provisioned", new JsonArray(new JsonObject { ["instances"] = 1 }))]);

        await host.RestartAsync();

        host.Traffic.Live.Select(version => version.Name.Name.Value).ShouldBe(["kept", "provisioned"], ignoreOrder: true);
        host.Traffic.Live.ShouldAllBe(version => version.KeepsInstances);
        host.Traffic.Prepared.ShouldBeEmpty();
    }
}
