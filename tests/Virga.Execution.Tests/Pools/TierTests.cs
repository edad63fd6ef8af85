using Virga.Core.Invocations;
using Virga.Core.Resources;
using Virga.Execution.Pools;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Pools;

public sealed class TierTests
{
    private const string Counter = "calls = 0\ndef handler(event, ctx):\n    global calls\n    calls += 1\n    return calls\n";

    private static readonly KeepWarm FreezeAtOnce = new() { Idle = Duration.FromSeconds(0) };

    [Fact]
    public async Task An_idle_instance_is_frozen_and_the_next_call_finds_it_as_it_was()
    {
        await using var node = await StartAsync();
        var function = node.Python(Counter, spec => spec with { KeepWarm = FreezeAtOnce, MaxInstances = 1 });
        (await node.CallAsync(function)).ShouldBe((200, "1"));
        var frozen = await node.StatusAsync(function, s => s.Instances is [{ State: "frozen" }]);

        await using var answer = await node.InvokeAsync(function);
        System.Text.Encoding.UTF8.GetString(answer.Body.Span).ShouldBe("2");
        answer.Timing.Kind.ShouldBe(StartKind.Thawed);

        var after = node.Engine.Scheduler.StatusOf(function).ShouldNotBeNull();
        after.Instances.ShouldHaveSingleItem().Pid.ShouldBe(frozen.Instances[0].Pid);
        node.Residency.ShouldContain(r => r.Function == function && r.Tier == InstanceTier.Frozen && r.Time > TimeSpan.Zero);
    }

    [Fact]
    public async Task A_frozen_instance_counts_with_what_it_occupies_against_the_nodes_memory()
    {
        await using var node = await StartAsync();
        var function = node.Python(Counter, spec => spec with { KeepWarm = FreezeAtOnce, MaxInstances = 1, Executor = Executor.Dedicated });
        await node.CallAsync(function);
        await node.StatusAsync(function, s => s.Instances is [{ State: "frozen" }]);

        var (reserved, _) = node.Engine.Scheduler.MemoryUse;
        reserved.ShouldBeInRange(1, function.Spec.Memory.Bytes - 1);

        await node.CallAsync(function);
        node.Engine.Scheduler.MemoryUse.Reserved.ShouldBeGreaterThanOrEqualTo(reserved);
    }

    [Fact]
    public async Task A_frozen_instance_ends_after_its_time()
    {
        await using var node = await StartAsync();
        var function = node.Python(Counter, spec => spec with { KeepWarm = FreezeAtOnce with { Frozen = new Duration(TimeSpan.FromMilliseconds(100)) } });
        await node.CallAsync(function);
        await node.UntilAsync(() => node.Engine.Scheduler.StatusOf(function) is null);

        (await node.CallAsync(function)).ShouldBe((200, "1"));
    }

    [Fact]
    public async Task Without_the_frozen_tier_an_idle_instance_ends()
    {
        await using var node = await StartAsync();
        var function = node.Python(Counter, spec => spec with { KeepWarm = FreezeAtOnce with { Frozen = Duration.FromSeconds(0) } });
        await node.CallAsync(function);
        await node.UntilAsync(() => node.Engine.Scheduler.StatusOf(function) is null);
    }

    [Fact]
    public async Task An_instance_that_dies_while_it_is_frozen_is_replaced()
    {
        await using var node = await StartAsync();
        var function = node.Python(Counter, spec => spec with { KeepWarm = FreezeAtOnce, MaxInstances = 1 });
        var frozen = await node.CooledAsync(function, state => state is "frozen");

        // With cgroup v1 the kernel ends a frozen process only when it is thawed, which is for the next call.
        TestNode.Kill(frozen.Instances[0].Pid);

        var (status, _) = await node.CallAsync(function);
        status.ShouldBeOneOf(200, 502);
        await node.UntilAsync(() => node.Engine.Scheduler.StatusOf(function)?.Instances.Any(i => i.Pid == frozen.Instances[0].Pid) != true);
        (await node.CallAsync(function)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Many_calls_and_freezes_at_once_lose_no_call()
    {
        await using var node = await StartAsync();
        var function = node.Python(Counter, spec => spec with { KeepWarm = FreezeAtOnce, MaxInstances = 2 });

        for (var round = 0; round < 60; round++)
        {
            // Some rounds meet the instances awake, some while they are frozen, some in between.
            var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => node.CallAsync(function)));
            answers.ShouldAllBe(answer => answer.Status == 200);
            await Task.Delay(TimeSpan.FromMilliseconds(round % 6 * 10), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_replaced_versions_frozen_instances_end()
    {
        await using var node = await StartAsync();
        var function = node.Python(Counter, spec => spec with { KeepWarm = FreezeAtOnce, MaxInstances = 1 });
        await node.CooledAsync(function, state => state is "frozen");

        node.Engine.Scheduler.VersionRetired(function);

        await node.UntilAsync(() => node.Engine.Scheduler.StatusOf(function) is null);
    }

    private static Task<TestNode> StartAsync() => TestNode.StartAsync(options => options with { ScaleInterval = TimeSpan.FromMilliseconds(20) });
}
