using FsCheck;
using FsCheck.Fluent;
using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling;

public sealed class FairGateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task As_many_enter_as_there_are_places()
    {
        var gate = new FairGate(2);
        var first = await gate.EnterAsync("a", StartPriority.OnDemand, Cancellation);
        using var second = await gate.EnterAsync("a", StartPriority.OnDemand, Cancellation);
        var third = Enter(gate, "a", StartPriority.OnDemand);
        third.IsCompleted.ShouldBeFalse();
        first.Dispose();
        using var lease = await third;
    }

    [Fact]
    public async Task A_lease_given_back_twice_frees_one_place()
    {
        var gate = new FairGate(1);
        var first = await gate.EnterAsync("a", StartPriority.OnDemand, Cancellation);
        first.Dispose();
        first.Dispose();
        using var second = await gate.EnterAsync("a", StartPriority.OnDemand, Cancellation);
        Enter(gate, "a", StartPriority.OnDemand).IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Who_comes_after_the_flood_of_another_waits_for_one_turn_only()
    {
        var order = await OrderAsync(places: 1, [.. Enumerable.Repeat(("flood", StartPriority.OnDemand), 50), ("other", StartPriority.OnDemand)]);
        order.IndexOf("other").ShouldBe(1);
    }

    [Fact]
    public async Task On_demand_goes_first_and_the_background_gets_a_turn_in_five()
    {
        var order = await OrderAsync(places: 1, [.. Enumerable.Repeat(("pool", StartPriority.Background), 5), .. Enumerable.Repeat(("call", StartPriority.OnDemand), 20)]);
        order[..4].ShouldAllBe(key => key == "call");
        order[..20].Count(key => key == "pool").ShouldBe(4);
    }

    [Fact]
    public async Task The_background_leaves_a_place_to_calls()
    {
        var gate = new FairGate(3);
        using var first = await gate.EnterAsync("pool", StartPriority.Background, Cancellation);
        using var second = await gate.EnterAsync("pool", StartPriority.Background, Cancellation);
        Enter(gate, "pool", StartPriority.Background).IsCompleted.ShouldBeFalse();
        Enter(gate, "call", StartPriority.OnDemand).IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public async Task The_only_place_is_open_to_the_background_too()
    {
        var gate = new FairGate(1);
        using var lease = await gate.EnterAsync("pool", StartPriority.Background, Cancellation);
    }

    [Fact]
    public async Task Who_gives_up_loses_its_turn_and_nobody_elses()
    {
        var gate = new FairGate(1);
        var lease = await gate.EnterAsync("a", StartPriority.OnDemand, Cancellation);
        using var giveUp = new CancellationTokenSource();
        var given = gate.EnterAsync("a", StartPriority.OnDemand, giveUp.Token).AsTask();
        var next = Enter(gate, "b", StartPriority.OnDemand);
        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(given);
        lease.Dispose();
        (await next).Dispose();
    }

    // With one place the order of entry is plain to see: between two turns of a key that waits, no other key has two.
    [Fact]
    public void Keys_that_wait_take_turns() => Prop.ForAll(Gen.Choose(0, 4).ArrayOf().ToArbitrary(), keys =>
    {
        var order = OrderAsync(places: 1, [.. keys.Select(k => (string.Intern($"key {k}"), StartPriority.OnDemand))]).GetAwaiter().GetResult();
        var rounds = order.Select((key, i) => order[..i].Count(k => k == key)).ToArray();
        return order.Count == keys.Length && rounds.Zip(rounds.Skip(1)).All(pair => pair.First <= pair.Second);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task No_place_is_lost_or_won_when_many_threads_enter_leave_and_give_up()
    {
        const int places = 3;
        var gate = new FairGate(places);
        var keys = Enumerable.Range(0, 5).Select(_ => new object()).ToArray();
        var (inside, most, entered) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 400; i++)
            {
                using var giveUp = new CancellationTokenSource();
                var priority = random.Next(2) == 0 ? StartPriority.OnDemand : StartPriority.Background;
                var entering = gate.EnterAsync(keys[random.Next(keys.Length)], priority, giveUp.Token);
                if (random.Next(3) == 0)
                {
                    await giveUp.CancelAsync();
                }

                try
                {
                    using var lease = await entering;
                    var now = Interlocked.Increment(ref inside);
                    InterlockedMax(ref most, now);
                    Interlocked.Increment(ref entered);
                    if (random.Next(2) == 0)
                    {
                        await Task.Yield();
                    }

                    Interlocked.Decrement(ref inside);
                }
                catch (OperationCanceledException)
                {
                    // It gave up in time.
                }
            }
        }, Cancellation)));

        most.ShouldBeLessThanOrEqualTo(places);
        entered.ShouldBeGreaterThan(16 * 100);
        for (var i = 0; i < places; i++)
        {
            Enter(gate, keys[0], StartPriority.OnDemand).IsCompleted.ShouldBeTrue();
        }

        Enter(gate, keys[0], StartPriority.OnDemand).IsCompleted.ShouldBeFalse();
    }

    private static Task<FairGate.Lease> Enter(FairGate gate, object key, StartPriority priority) => gate.EnterAsync(key, priority, Cancellation).AsTask();

    private static void InterlockedMax(ref int target, int value)
    {
        var seen = Volatile.Read(ref target);
        while (seen < value)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    // All line up behind a full gate; then one after the other is let through.
    private static async Task<List<string>> OrderAsync(int places, (string Key, StartPriority Priority)[] entries)
    {
        var gate = new FairGate(places);
        var held = new List<FairGate.Lease>();
        for (var i = 0; i < places; i++)
        {
            held.Add(await gate.EnterAsync(gate, StartPriority.OnDemand, Cancellation));
        }

        var order = new List<string>();
        var waiting = entries.Select(e => (e.Key, Entered: Enter(gate, e.Key, e.Priority))).ToList();
        held.ForEach(lease => lease.Dispose());
        while (waiting.Count > 0)
        {
            var (key, entered) = waiting.Find(w => w.Entered.IsCompleted);
            order.Add(key);
            waiting.RemoveAll(w => w.Entered == entered);
            (await entered).Dispose();
        }

        return order;
    }
}
