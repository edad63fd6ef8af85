using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class FailoverTests
{
    [Fact]
    public void The_first_by_priority_then_by_name_is_active_and_each_is_told() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var b = bench.Attach(subscription, SubscriptionType.Failover, name: "b");
        var c = bench.Attach(subscription, SubscriptionType.Failover, name: "c");
        var late = bench.Attach(subscription, SubscriptionType.Failover, name: "a", priority: 1);
        await bench.SettleAsync();
        b.Activity.ShouldBe([true]);
        c.Activity.ShouldBe([false]);
        late.Activity.ShouldBe([false]);

        var a = bench.Attach(subscription, SubscriptionType.Failover, name: "a");
        await bench.SettleAsync();
        b.Activity.ShouldBe([true, false]);
        a.Activity.ShouldBe([true]);
        bench.Publish("to a");
        await bench.SettleAsync();
        a.Texts.ShouldBe(["to a"]);
        b.Entries.ShouldBeEmpty();
    });

    [Fact]
    public void Who_takes_over_gets_all_that_was_not_acknowledged_in_order() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var first = bench.Attach(subscription, SubscriptionType.Failover, name: "a");
        var second = bench.Attach(subscription, SubscriptionType.Failover, name: "b");
        bench.PublishMany(10);
        await bench.SettleAsync();
        first.Consumer.AcknowledgeUpTo(new BatchAck(first.Entries[3].Position));
        first.Acknowledge(6);
        first.Consumer.Detach();
        await bench.SettleAsync();
        second.Texts.ShouldBe(["4", "5", "7", "8", "9"]);
        second.Activity.ShouldBe([false, true]);
    });

    [Fact]
    public void Partitions_share_out_the_consumers_of_the_best_priority()
    {
        var active = new HashSet<string>();
        for (var partition = 0; partition < 3; partition++)
        {
            SubscriptionBench.Run(
                async bench =>
                {
                    var subscription = await bench.OpenAsync();
                    TestConsumer[] consumers = [.. "abc".Select(name => bench.Attach(subscription, SubscriptionType.Failover, name: $"{name}"))];
                    await bench.SettleAsync();
                    active.Add(consumers.Single(static consumer => consumer.Activity[^1]).Consumer.Name);
                },
                $"t-partition-{partition}");
        }

        active.Count.ShouldBe(3);
    }
}
