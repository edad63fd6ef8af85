using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Memory;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Pools;

public sealed class MemoryTests
{
    private const string Hello = "def handler(event, ctx):\n    return 'hello'\n";

    [Fact]
    public async Task Who_waits_for_memory_is_served_in_order()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var budget = new MemoryBudget(100);
        var first = await budget.ReserveAsync(80, cancellation);
        var large = budget.ReserveAsync(60, cancellation).AsTask();
        var small = budget.ReserveAsync(10, cancellation).AsTask();
        large.IsCompleted.ShouldBeFalse();
        small.IsCompleted.ShouldBeFalse("a small request must not pass a large one");
        budget.Missing.ShouldBe(50);

        first.Dispose();

        (await large).Bytes.ShouldBe(60);
        (await small).Bytes.ShouldBe(10);
        budget.Reserved.ShouldBe(70);
        budget.IsShort.ShouldBeFalse();
    }

    [Fact]
    public async Task Who_gives_up_waiting_makes_room_for_the_next()
    {
        var budget = new MemoryBudget(100);
        using var patience = new CancellationTokenSource();
        await budget.ReserveAsync(50, TestContext.Current.CancellationToken);
        var large = budget.ReserveAsync(80, patience.Token).AsTask();
        var small = budget.ReserveAsync(50, TestContext.Current.CancellationToken).AsTask();

        await patience.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(large);
        (await small).Bytes.ShouldBe(50);
    }

    [Fact]
    public async Task What_can_never_be_had_is_refused_at_once()
    {
        var refusal = await Should.ThrowAsync<ProblemException>(async () => await new MemoryBudget(100).ReserveAsync(101, TestContext.Current.CancellationToken));
        refusal.Problem.Slug.ShouldBe("unavailable");
    }

    [Fact]
    public async Task Functions_that_together_need_more_than_the_node_has_take_turns()
    {
        // Two instances at a time, and nothing for a pool.
        await using var node = await TestNode.StartAsync(options => options with { MemoryBudget = ByteSize.FromMegabytes(128), ScaleInterval = TimeSpan.FromMilliseconds(20) });
        var functions = Enumerable.Range(0, 8).Select(_ => node.Python(Hello, spec => spec with { Executor = Executor.Dedicated, Memory = ByteSize.FromMegabytes(64) })).ToList();

        var answers = await Task.WhenAll(functions.Concat(functions).Select(f => node.CallAsync(f)));

        answers.ShouldAllBe(answer => answer.Status == 200);
        var (reserved, budget) = node.Engine.Scheduler.MemoryUse;
        reserved.ShouldBeLessThanOrEqualTo(budget);
    }

    [Fact]
    public async Task Generic_instances_give_way_to_one_that_a_call_waits_for()
    {
        await using var node = await TestNode.StartAsync(options => options with { MemoryBudget = ByteSize.FromMegabytes(256), ScaleInterval = TimeSpan.FromMilliseconds(20) });
        var small = node.Python(Hello);
        (await node.CallAsync(small)).Status.ShouldBe(200);
        await node.UntilAsync(() => node.Engine.Scheduler.GenericPools() is [{ Ready: 1 }]);

        var large = node.Python(Hello, spec => spec with { Executor = Executor.Dedicated, Memory = ByteSize.FromMegabytes(200) });

        (await node.CallAsync(large)).Status.ShouldBe(200);
    }
}
