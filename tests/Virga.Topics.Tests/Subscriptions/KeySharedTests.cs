using Virga.Core.Problems;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class KeySharedTests
{
    [Fact]
    public void The_messages_of_a_key_go_to_one_consumer_in_order() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        TestConsumer[] consumers = [.. Enumerable.Range(0, 4).Select(_ => bench.Attach(subscription, SubscriptionType.KeyShared))];
        for (var i = 0; i < 400; i++)
        {
            bench.Publish($"{i}", $"key {i % 40}");
        }

        await bench.SettleAsync();
        consumers.Sum(static consumer => consumer.Entries.Count).ShouldBe(400);
        consumers.ShouldAllBe(static consumer => consumer.Entries.Count > 0);
        var owners = new Dictionary<int, TestConsumer>();
        foreach (var consumer in consumers)
        {
            var last = new Dictionary<int, int>();
            foreach (var text in consumer.Texts)
            {
                var number = int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
                owners.TryAdd(number % 40, consumer);
                owners[number % 40].ShouldBe(consumer);
                last.GetValueOrDefault(number % 40, -1).ShouldBeLessThan(number);
                last[number % 40] = number;
            }
        }
    });

    [Fact]
    public void Slots_are_dealt_out_whole_and_evenly() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var consumers = new List<TestConsumer>();
        for (var i = 0; i < 16; i++)
        {
            consumers.Add(bench.Attach(subscription, SubscriptionType.KeyShared));
            Whole();
        }

        foreach (var (first, last) in consumers.SelectMany(static consumer => consumer.Consumer.Figures().Ranges))
        {
            (last - first + 1).ShouldBe(KeyHash.Slots / 16);
        }

        while (consumers.Count > 1)
        {
            var leaves = consumers[(consumers.Count * 7) % consumers.Count];
            consumers.Remove(leaves);
            leaves.Consumer.Detach();
            Whole();
        }

        void Whole()
        {
            var next = 0;
            foreach (var (first, last) in consumers.SelectMany(static consumer => consumer.Consumer.Figures().Ranges).OrderBy(static range => range.First))
            {
                first.ShouldBe(next);
                next = last + 1;
            }

            next.ShouldBe(KeyHash.Slots);
        }
    });

    [Fact]
    public void A_key_stays_with_its_consumer_until_that_has_acknowledged_what_it_has() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var old = bench.Attach(subscription, SubscriptionType.KeyShared);
        for (var i = 0; i < 20; i++)
        {
            bench.Publish("before", $"key {i}");
        }

        await bench.SettleAsync();
        var added = bench.Attach(subscription, SubscriptionType.KeyShared);
        for (var i = 0; i < 20; i++)
        {
            bench.Publish("after", $"key {i}");
        }

        await bench.SettleAsync();
        added.Entries.ShouldBeEmpty();
        old.Texts.Count(static text => text == "after").ShouldBeInRange(1, 19);

        old.AcknowledgeAll();
        await bench.SettleAsync();
        added.Texts.ShouldAllBe(static text => text == "after");
        (added.Entries.Count + old.Consumer.Figures().Messages).ShouldBe(40);
    });

    [Fact]
    public void A_consumer_without_room_holds_nobody_else_back() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var stuck = bench.Attach(subscription, SubscriptionType.KeyShared, permits: 1);
        var quick = bench.Attach(subscription, SubscriptionType.KeyShared, permits: 100_000);
        for (var i = 0; i < 5000; i++)
        {
            bench.Publish($"{i}", $"key {i % 100}");
        }

        await bench.SettleAsync();
        stuck.Entries.Count.ShouldBe(1);
        (quick.Entries.Count + subscription.Figures().Waiting + 1).ShouldBe(5000);
        quick.Entries.Count.ShouldBeGreaterThan(1000);

        stuck.Consumer.Permit(100_000);
        await bench.SettleAsync();
        (quick.Entries.Count + stuck.Entries.Count).ShouldBe(5000);
        stuck.Positions.ShouldBe(stuck.Positions.Order());
    });

    [Fact]
    public void Consumers_that_ask_for_ranges_get_those_and_others_wait() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var low = Sticky(bench, subscription, (0, 32_767));
        Should.Throw<ProblemException>(() => Sticky(bench, subscription, (32_767, 40_000))).Problem.Slug.ShouldBe("key-range-taken");
        Should.Throw<ProblemException>(() => Sticky(bench, subscription, (40_000, 50_000), (50_000, 60_000))).Problem.Slug.ShouldBe("key-range-taken");
        Should.Throw<ProblemException>(() => Sticky(bench, subscription, (40_000, 70_000))).Problem.Slug.ShouldBe("invalid-request");
        Should.Throw<ProblemException>(() => bench.Attach(subscription, SubscriptionType.KeyShared)).Problem.Slug.ShouldBe("subscription-type-mismatch");
        for (var i = 0; i < 100; i++)
        {
            bench.Publish($"{i}", $"key {i}");
        }

        await bench.SettleAsync();
        low.Texts.ShouldAllBe(static text => KeyHash.Of(System.Text.Encoding.UTF8.GetBytes($"key {text}")) % KeyHash.Slots <= 32_767);
        subscription.Figures().Waiting.ShouldBe(100 - low.Entries.Count);

        var high = Sticky(bench, subscription, (32_768, 65_535));
        await bench.SettleAsync();
        (low.Entries.Count + high.Entries.Count).ShouldBe(100);
    });

    private static TestConsumer Sticky(SubscriptionBench bench, CursorSubscription subscription, params (int First, int Last)[] ranges) =>
        SubscriptionBench.Attach(subscription, SubscriptionBench.Options(subscription.Name.Value, SubscriptionType.KeyShared) with { KeySharing = new KeySharing { Ranges = ranges } }, 1000);
}
