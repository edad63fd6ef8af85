using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Memory;
using Virga.Execution.Scaling;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Pools;

public sealed class MemoryTests
{
    private const string Hello = "def handler(event, ctx):\n    return 'hello'\n";

    [Fact]
    public async Task Those_who_wait_take_turns_and_a_small_request_does_not_pass_a_large_one()
    {
        var budget = Budget(100);
        var (flooded, other) = (new object(), new object());
        var first = await Reserve(budget, 80, other);
        var large = Reserve(budget, 60, flooded);
        var floods = Enumerable.Range(0, 3).Select(_ => Reserve(budget, 20, flooded)).ToList();
        var small = Reserve(budget, 10, other);
        new[] { large, small }.ShouldAllBe(waits => !waits.IsCompleted);
        budget.IsShort.ShouldBeTrue();

        first.Dispose();

        (await large).Bytes.ShouldBe(60);
        (await small).Bytes.ShouldBe(10, "one function's flood must not hold up another's first");
        (await floods[0]).Bytes.ShouldBe(20);
        floods[1].IsCompleted.ShouldBeFalse();
        budget.Reserved.ShouldBe(90);
    }

    [Fact]
    public async Task What_is_started_ahead_waits_for_what_calls_wait_for()
    {
        var budget = Budget(100);
        var held = await Reserve(budget, 100, this);
        var ahead = Reserve(budget, 60, new object(), StartPriority.Background);
        var wanted = Reserve(budget, 60, new object());
        var also = Reserve(budget, 30, new object());

        // The first in turn stays the first: it was alone when it came.
        held.Dispose();
        (await ahead).Dispose();

        (await wanted).Bytes.ShouldBe(60);
        (await also).Bytes.ShouldBe(30);
    }

    [Fact]
    public async Task Who_gives_up_waiting_makes_room_for_the_next()
    {
        var budget = Budget(100);
        using var patience = new CancellationTokenSource();
        await Reserve(budget, 50, this);
        var large = budget.ReserveAsync(80, this, StartPriority.OnDemand, patience.Token).AsTask();
        var small = Reserve(budget, 50, this);

        await patience.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(large);
        (await small).Bytes.ShouldBe(50);
        budget.IsShort.ShouldBeFalse();
    }

    [Fact]
    public async Task Nobody_waits_for_ever()
    {
        var budget = new MemoryBudget(100, TimeSpan.FromMilliseconds(20), TimeProvider.System);
        await Reserve(budget, 100, this);

        var refusal = await Should.ThrowAsync<ProblemException>(Reserve(budget, 10, this));

        refusal.Problem.Slug.ShouldBe("unavailable");
        budget.IsShort.ShouldBeFalse();
        budget.Reserved.ShouldBe(100);
    }

    [Fact]
    public async Task What_can_never_be_had_is_refused_at_once() =>
        (await Should.ThrowAsync<ProblemException>(Reserve(Budget(100), 101, this))).Problem.Slug.ShouldBe("unavailable");

    [Fact]
    public async Task However_reservations_come_and_go_their_sum_stays_within_the_budget_and_none_is_lost()
    {
        var budget = Budget(1000);
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random(seed + worker);
            for (var i = 0; i < 2000; i++)
            {
                using var patience = new CancellationTokenSource();
                if (random.Next(4) == 0)
                {
                    patience.CancelAfter(TimeSpan.FromMilliseconds(random.Next(3)));
                }

                try
                {
                    using var mine = await budget.ReserveAsync(random.Next(1, 400), budget, (StartPriority)random.Next(2), patience.Token);
                    mine.TryResize(random.Next(1, 400));
                    budget.Reserved.ShouldBeInRange(0, 1000);
                    await Task.Yield();
                }
                catch (OperationCanceledException)
                {
                    continue;
                }
            }
        })));

        budget.Reserved.ShouldBe(0);
        budget.IsShort.ShouldBeFalse();
    }

    [Fact]
    public async Task Pooled_functions_that_need_more_than_generic_instances_have_do_not_wait_for_each_other()
    {
        await using var node = await TestNode.StartAsync(options => options with { MemoryBudget = ByteSize.FromMegabytes(512), ScaleInterval = TimeSpan.FromMilliseconds(20) });
        var functions = Enumerable.Range(0, 4).Select(_ => node.Python(Hello, spec => spec with { Memory = ByteSize.FromMegabytes(256) })).ToList();

        var answers = await Task.WhenAll(functions.Select(f => node.CallAsync(f)));

        answers.ShouldAllBe(answer => answer.Status == 200);
    }

    [Fact]
    public async Task A_function_that_the_node_has_not_the_memory_for_is_refused_and_holds_up_nobody()
    {
        await using var node = await TestNode.StartAsync(options => options with { MemoryBudget = ByteSize.FromMegabytes(512), ScaleInterval = TimeSpan.FromMilliseconds(20) });
        var tooLarge = node.Python(Hello, spec => spec with { Memory = ByteSize.FromMegabytes(513) });

        (await node.CallAsync(tooLarge)).ShouldBe((503, "unavailable"));
        (await node.CallAsync(node.Python(Hello))).Status.ShouldBe(200);
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

    private static MemoryBudget Budget(long bytes) => new(bytes, TimeSpan.FromSeconds(20), TimeProvider.System);

    private static Task<MemoryReservation> Reserve(MemoryBudget budget, long bytes, object key, StartPriority priority = StartPriority.OnDemand) =>
        budget.ReserveAsync(bytes, key, priority, TestContext.Current.CancellationToken).AsTask();
}
