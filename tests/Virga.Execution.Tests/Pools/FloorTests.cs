using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Pools;

public sealed class FloorTests
{
    private const string Hello = "def handler(event, ctx):\n    return 'hello'\n";

    [Fact]
    public async Task A_dedicated_function_has_its_least_number_of_instances_before_it_takes_traffic()
    {
        await using var node = await StartAsync();
        var function = node.Python(Hello, spec => spec with { Executor = Executor.Dedicated, MinInstances = 2 });

        await node.Engine.Scheduler.PrepareAsync(function, TestContext.Current.CancellationToken);

        node.Engine.Scheduler.StatusOf(function)!.Instances.Count.ShouldBe(2);
        await using var answer = await node.InvokeAsync(function);
        answer.Timing.Cold.ShouldBeFalse();
    }

    [Fact]
    public async Task A_version_that_cannot_be_loaded_is_refused_before_it_takes_traffic()
    {
        await using var node = await StartAsync();
        var function = node.Python("import nothing_of_that_name\n", spec => spec with { Executor = Executor.Dedicated, MinInstances = 1 });

        var refusal = await Should.ThrowAsync<ProblemException>(async () => await node.Engine.Scheduler.PrepareAsync(function, TestContext.Current.CancellationToken));

        refusal.Problem.Slug.ShouldBe("load-failed");
    }

    [Fact]
    public async Task An_instance_of_the_floor_that_dies_is_replaced_without_a_call()
    {
        await using var node = await StartAsync();
        var function = node.Python(Hello, spec => spec with { Provisioned = [new ProvisionedWindow { Instances = 1 }] });
        node.Engine.Scheduler.VersionLive(function);
        var first = await node.StatusAsync(function, s => s.Instances is [{ State: "idle" }]);

        TestNode.Kill(first.Instances[0].Pid);

        await node.StatusAsync(function, s => s.Instances is [{ State: "idle" } next] && next.Pid != first.Instances[0].Pid);
    }

    [Fact]
    public async Task The_floor_stays_warm_however_long_no_call_comes()
    {
        await using var node = await StartAsync();
        var function = node.Python(Hello, spec => spec with
        {
            KeepWarm = new KeepWarm { Idle = Duration.FromSeconds(0), Frozen = Duration.FromSeconds(0) },
            Provisioned = [new ProvisionedWindow { Instances = 1 }],
        });
        await node.Engine.Scheduler.PrepareAsync(function, TestContext.Current.CancellationToken);
        node.Engine.Scheduler.VersionLive(function);
        var pid = node.Engine.Scheduler.StatusOf(function)!.Instances[0].Pid;

        // A second function's instance, of the same age, shows that idle instances are ended meanwhile.
        var other = node.Python(Hello, spec => spec with { KeepWarm = new KeepWarm { Idle = Duration.FromSeconds(0), Frozen = Duration.FromSeconds(0) } });
        await node.CallAsync(other);
        await node.UntilAsync(() => node.Engine.Scheduler.StatusOf(other) is null);

        node.Engine.Scheduler.StatusOf(function)!.Instances.ShouldHaveSingleItem().Pid.ShouldBe(pid);
    }

    [Fact]
    public async Task A_version_retired_while_its_floor_starts_leaves_nothing_behind()
    {
        await using var node = await StartAsync();
        var functions = Enumerable.Range(0, 4).Select(_ => node.Python(Hello, spec => spec with { Provisioned = [new ProvisionedWindow { Instances = 2 }] })).ToList();
        foreach (var function in functions)
        {
            node.Engine.Scheduler.VersionLive(function);
            node.Engine.Scheduler.VersionRetired(function);
        }

        // Stopping the node, which waits for every instance, would hang on one that no pool knows of any more.
        await node.UntilAsync(() => functions.TrueForAll(f => node.Engine.Scheduler.StatusOf(f) is null));
    }

    [Fact]
    public async Task A_retired_version_keeps_no_floor()
    {
        await using var node = await StartAsync();
        var function = node.Python(Hello, spec => spec with { Provisioned = [new ProvisionedWindow { Instances = 2 }] });
        node.Engine.Scheduler.VersionLive(function);
        await node.StatusAsync(function, s => s.Instances.Count == 2);

        node.Engine.Scheduler.VersionRetired(function);

        await node.UntilAsync(() => node.Engine.Scheduler.StatusOf(function) is null);
    }

    [Fact]
    public async Task An_instance_for_one_call_ends_with_it()
    {
        await using var node = await StartAsync();
        var function = node.Python("import os\ndef handler(event, ctx):\n    first = not os.path.exists('/tmp/seen')\n    open('/tmp/seen', 'w').close()\n    return first\n", spec => spec with { OnceOnly = true });

        for (var i = 0; i < 3; i++)
        {
            (await node.CallAsync(function)).ShouldBe((200, "true"));
        }
    }

    [Fact]
    public async Task Calls_with_the_same_key_go_to_the_same_instance()
    {
        await using var node = await StartAsync();
        var function = node.Python("import os, time\nid = os.urandom(8).hex()\ndef handler(event, ctx):\n    time.sleep(0.05)\n    return id\n", spec => spec with { Provisioned = [new ProvisionedWindow { Instances = 3 }] });
        await node.Engine.Scheduler.PrepareAsync(function, TestContext.Current.CancellationToken);
        node.Engine.Scheduler.VersionLive(function);

        var byKey = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var key in Enumerable.Range(0, 30).Select(i => $"user-{i % 10}"))
        {
            await using var answer = await node.Engine.Scheduler.InvokeAsync(TestNode.Invocation(function, affinity: key), TestContext.Current.CancellationToken);
            (byKey.TryGetValue(key, out var instances) ? instances : byKey[key] = []).Add(System.Text.Encoding.UTF8.GetString(answer.Body.Span));
        }

        byKey.Values.ShouldAllBe(instances => instances.Count == 1);
        byKey.Values.SelectMany(i => i).Distinct().Count().ShouldBeGreaterThan(1);
    }

    private static Task<TestNode> StartAsync() => TestNode.StartAsync(options => options with { ScaleInterval = TimeSpan.FromMilliseconds(20) });
}
