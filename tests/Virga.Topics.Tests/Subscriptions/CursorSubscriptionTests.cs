using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class CursorSubscriptionTests
{
    [Fact]
    public void An_exclusive_consumer_gets_everything_in_order_old_and_new() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(700);
        bench.Log.Roll();
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription, permits: 2000);
        await bench.SettleAsync();
        bench.PublishMany(700);
        await bench.SettleAsync();

        consumer.Texts.ShouldBe([.. Enumerable.Range(0, 700).Concat(Enumerable.Range(0, 700)).Select(static i => $"{i}")]);
        consumer.Activity.ShouldBe([true]);
        subscription.Backlog.ShouldBe(1400);
    });

    [Fact]
    public void A_consumer_gets_no_more_than_it_permits() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(10);
        var consumer = bench.Attach(await bench.OpenAsync(), permits: 3);
        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(3);

        consumer.Consumer.Permit(2);
        await bench.SettleAsync();
        consumer.Texts.ShouldBe(["0", "1", "2", "3", "4"]);
    });

    [Fact]
    public void A_batch_takes_a_permit_for_each_message_and_is_not_cut() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishBatch(10);
        bench.PublishBatch(10);
        var consumer = bench.Attach(await bench.OpenAsync(), permits: 3);
        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(1);
        consumer.Entries[0].Messages.ShouldBe(10);

        consumer.Consumer.Permit(7);
        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(1);

        consumer.Consumer.Permit(1);
        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(2);
    });

    [Fact]
    public void A_second_exclusive_consumer_is_refused_until_the_first_is_gone() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var first = bench.Attach(subscription);

        Should.Throw<ProblemException>(() => bench.Attach(subscription)).Problem.Slug.ShouldBe("consumer-busy");
        Should.Throw<ProblemException>(() => bench.Attach(subscription, SubscriptionType.Shared)).Problem.Slug.ShouldBe("subscription-type-mismatch");

        first.Consumer.Detach();
        bench.Attach(subscription, SubscriptionType.Shared);
        subscription.Type.ShouldBe(SubscriptionType.Shared);
    });

    [Fact]
    public void What_was_not_acknowledged_comes_again_to_the_next_consumer() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(5);
        var subscription = await bench.OpenAsync();
        var first = bench.Attach(subscription);
        await bench.SettleAsync();
        first.Acknowledge(0);
        first.Acknowledge(2);
        first.Consumer.Detach();

        var second = bench.Attach(subscription);
        await bench.SettleAsync();
        second.Texts.ShouldBe(["1", "3", "4"]);
        second.Entries.ShouldAllBe(static entry => entry.Redeliveries == 1);
        subscription.Backlog.ShouldBe(3);
    });

    [Fact]
    public void A_cumulative_acknowledgement_takes_all_before_it() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(5);
        bench.Log.Roll();
        bench.PublishMany(5);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        consumer.Consumer.AcknowledgeUpTo(new BatchAck(consumer.Entries[6].Position));

        subscription.MarkDeleted.ShouldBe(consumer.Entries[6].Position);
        subscription.Backlog.ShouldBe(3);
    });

    [Fact]
    public void What_was_never_published_cannot_be_acknowledged() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(3);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        var last = consumer.Entries[^1].Position;
        consumer.Consumer.AcknowledgeUpTo(new BatchAck(new Position(last.Ledger, last.Entry + 5)));
        consumer.Consumer.Acknowledge([new BatchAck(new Position(last.Ledger + 1, 0)), new BatchAck(new Position(last.Ledger, last.Entry + 1)), new BatchAck(new Position(last.Ledger, -1))]);
        subscription.Backlog.ShouldBe(3);

        bench.Publish("next");
        await bench.SettleAsync();
        consumer.Texts[^1].ShouldBe("next");
    });

    [Fact]
    public void Messages_inside_a_batch_are_acknowledged_one_by_one_and_survive_a_restart() => SubscriptionBench.Run(async bench =>
    {
        var batch = bench.PublishBatch(70);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        consumer.Consumer.Acknowledge([new BatchAck(batch, [-1L << 3, 0x3f])]);
        consumer.Consumer.Acknowledge([new BatchAck(batch, [-1L, 0x1f])]);
        await consumer.Consumer.AcknowledgedAsync(CancellationToken.None);
        subscription.Backlog.ShouldBe(1);
        await subscription.DisposeAsync();
        consumer.Closure.ShouldBe(CloseReason.Moved);

        var again = await bench.OpenAsync();
        var next = bench.Attach(again, permits: 1000);
        await bench.SettleAsync();
        next.Entries[0].Unacknowledged.ShouldBe([-1L << 3, 0x1f]);
        next.Entries[0].Messages.ShouldBe(70);
        next.Consumer.Figures().Permits.ShouldBe(1000 - 66);

        next.Consumer.Acknowledge([new BatchAck(batch, [0])]);
        again.Backlog.ShouldBe(0);
    });

    [Fact]
    public void A_cumulative_acknowledgement_ends_inside_a_batch() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(2);
        var batch = bench.PublishBatch(4);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        consumer.Consumer.AcknowledgeUpTo(new BatchAck(batch, [0b1100]));
        consumer.Consumer.RedeliverAll();
        consumer.Entries.Clear();
        await bench.SettleAsync();

        consumer.Entries.Count.ShouldBe(1);
        consumer.Entries[0].Unacknowledged.ShouldBe([0b1100L]);
    });

    [Fact]
    public void A_rejected_message_of_an_exclusive_subscription_comes_again_with_all_behind_it_in_order() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(5);
        var consumer = bench.Attach(await bench.OpenAsync());
        await bench.SettleAsync();
        consumer.Acknowledge(0);
        var rejected = consumer.Entries[3].Position;
        consumer.Entries.Clear();
        consumer.Consumer.Redeliver([rejected]);
        await bench.SettleAsync();

        consumer.Texts.ShouldBe(["1", "2", "3", "4"]);
        consumer.Entries[0].Redeliveries.ShouldBe(1);
    });

    [Fact]
    public void Acknowledgements_are_stored_once_in_a_while_and_at_once_for_who_waits() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(100);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        var before = bench.Metadata.Writes;
        for (var i = 0; i < 50; i++)
        {
            consumer.Acknowledge(i);
        }

        await bench.World.Pause(TimeSpan.FromSeconds(0.9));
        bench.Metadata.Writes.ShouldBe(before);
        await bench.World.Pause(TimeSpan.FromSeconds(0.2));
        bench.Metadata.Writes.ShouldBe(before + 1);

        await bench.World.Pause(TimeSpan.FromSeconds(5));
        bench.Metadata.Writes.ShouldBe(before + 1);
        consumer.Acknowledge(50);
        await consumer.Consumer.AcknowledgedAsync(CancellationToken.None);
        bench.Metadata.Writes.ShouldBe(before + 2);
    });

    [Fact]
    public void A_write_that_failed_is_tried_again_and_one_that_took_effect_unseen_is_recognised() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(10);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        var failures = 2;
        bench.Metadata.FailingBefore = () => failures-- > 0 ? new IOException("gone") : null;
        consumer.Acknowledge(0);
        (await SubscriptionBench.ProblemAsync(consumer.Consumer.AcknowledgedAsync(CancellationToken.None))).Slug.ShouldBe("unavailable");
        await bench.World.Pause(TimeSpan.FromSeconds(3));

        var unseen = 1;
        bench.Metadata.FailingAfter = () => unseen-- > 0 ? new IOException("gone") : null;
        consumer.Acknowledge(1);
        await bench.World.Pause(TimeSpan.FromSeconds(3));
        consumer.Acknowledge(2);
        await consumer.Consumer.AcknowledgedAsync(CancellationToken.None);
        consumer.Closure.ShouldBeNull();

        var again = await bench.OpenAsync();
        again.MarkDeleted.ShouldBe(consumer.Entries[2].Position);
    });

    [Fact]
    public void A_subscription_whose_cursor_another_node_has_written_ends() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(10);
        var old = await bench.OpenAsync();
        var consumer = bench.Attach(old);
        await bench.SettleAsync();
        var owner = await bench.OpenAsync();
        var other = bench.Attach(owner);
        await bench.SettleAsync();
        other.AcknowledgeAll();
        await owner.FlushAsync(CancellationToken.None);

        consumer.Acknowledge(0);
        (await SubscriptionBench.ProblemAsync(consumer.Consumer.AcknowledgedAsync(CancellationToken.None))).Slug.ShouldBe("unavailable");
        await bench.SettleAsync();
        consumer.Closure.ShouldBe(CloseReason.Moved);
        Should.Throw<ProblemException>(() => bench.Attach(old)).Problem.Slug.ShouldBe("unavailable");
        await old.DisposeAsync();
        (await bench.OpenAsync()).Backlog.ShouldBe(0);
    });

    [Fact]
    public void Shared_consumers_take_turns_and_the_better_priority_goes_first() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var a = bench.Attach(subscription, SubscriptionType.Shared, permits: 10);
        var b = bench.Attach(subscription, SubscriptionType.Shared, permits: 10);
        var later = bench.Attach(subscription, SubscriptionType.Shared, permits: 10, priority: 1);
        bench.PublishMany(8);
        await bench.SettleAsync();
        a.Entries.Count.ShouldBe(4);
        b.Entries.Count.ShouldBe(4);
        later.Entries.ShouldBeEmpty();

        bench.PublishMany(20);
        await bench.SettleAsync();
        a.Entries.Count.ShouldBe(10);
        b.Entries.Count.ShouldBe(10);
        later.Entries.Count.ShouldBe(8);
    });

    [Fact]
    public void What_a_shared_consumer_leaves_or_rejects_goes_to_the_others() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(20);
        var subscription = await bench.OpenAsync();
        var leaves = bench.Attach(subscription, SubscriptionType.Shared, permits: 10);
        await bench.SettleAsync();
        leaves.Entries.Count.ShouldBe(10);
        leaves.Acknowledge(0);
        var stays = bench.Attach(subscription, SubscriptionType.Shared, permits: 100);
        await bench.SettleAsync();
        leaves.Consumer.Redeliver([leaves.Entries[4].Position]);
        await bench.SettleAsync();
        stays.Texts[^1].ShouldBe("4");
        stays.Entries[^1].Redeliveries.ShouldBe(1);

        leaves.Consumer.Detach();
        await bench.SettleAsync();
        stays.Entries.Select(static entry => TestConsumer.TextOf(entry)).Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(1, 19).Select(static i => $"{i}").Order(StringComparer.Ordinal));
        stays.AcknowledgeAll();
        subscription.Backlog.ShouldBe(0);
        subscription.Figures().Unacknowledged.ShouldBe(0);
    });

    [Fact]
    public void A_shared_subscription_takes_no_cumulative_acknowledgements() => SubscriptionBench.Run(async bench =>
    {
        var position = bench.Publish("a");
        var consumer = bench.Attach(await bench.OpenAsync(), SubscriptionType.Shared);
        Should.Throw<ProblemException>(() => consumer.Consumer.AcknowledgeUpTo(new BatchAck(position))).Problem.Slug.ShouldBe("invalid-request");
    });

    [Fact]
    public void What_is_not_in_memory_is_fetched() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(2000);
        bench.Log.Cached = bench.Publish("cached");
        bench.Log.Fetching = () => bench.World.Pause(TimeSpan.FromMilliseconds(1));
        var failures = 1;
        bench.Log.Failing = () => failures-- > 0 ? new IOException("disk") : null;
        var consumer = bench.Attach(await bench.OpenAsync(), SubscriptionType.Shared, permits: 5000);
        await bench.World.Pause(TimeSpan.FromSeconds(2));
        consumer.Entries.Count.ShouldBe(2001);
        bench.Log.Fetches.ShouldBeLessThan(20);
    });
}
