using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class LimitsAndMovesTests
{
    [Fact]
    public void A_consumer_that_never_acknowledges_is_held_back_and_the_others_are_not() => SubscriptionBench.Run(async bench =>
    {
        bench.Limits = new DispatchOptions { MaxUnackedPerConsumer = 10 };
        var subscription = await bench.OpenAsync();
        var never = bench.Attach(subscription, SubscriptionType.Shared, permits: 1000);
        var good = bench.Attach(subscription, SubscriptionType.Shared, permits: 1000);
        for (var i = 0; i < 20; i++)
        {
            bench.PublishMany(5);
            await bench.SettleAsync();
            good.AcknowledgeAll();
        }

        await bench.SettleAsync();
        never.Entries.Count.ShouldBe(10);
        never.Consumer.Figures().IsBlocked.ShouldBeTrue();
        subscription.Backlog.ShouldBe(10);

        for (var i = 0; i < 5; i++)
        {
            never.Acknowledge(i);
        }

        never.Consumer.Figures().IsBlocked.ShouldBeFalse();
        bench.PublishMany(5);
        await bench.SettleAsync();
        never.Entries.Count.ShouldBeGreaterThan(10);
    });

    [Fact]
    public void A_subscription_with_too_much_unacknowledged_pauses_until_half_of_it_is() => SubscriptionBench.Run(async bench =>
    {
        bench.Limits = new DispatchOptions { MaxUnackedPerSubscription = 20 };
        bench.PublishMany(100);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription, SubscriptionType.Shared);
        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(20);
        subscription.Figures().IsBlocked.ShouldBeTrue();
        for (var i = 0; i < 9; i++)
        {
            consumer.Acknowledge(i);
        }

        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(20);
        consumer.Acknowledge(9);
        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(30);
    });

    [Fact]
    public void A_delayed_message_comes_at_its_time_and_holds_nothing_up() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription, SubscriptionType.Shared);
        bench.Publish("late", deliverAt: bench.Time.GetUtcNow() + TimeSpan.FromSeconds(10));
        bench.Publish("later", deliverAt: bench.Time.GetUtcNow() + TimeSpan.FromSeconds(20));
        bench.Publish("now");
        await bench.SettleAsync();
        consumer.Texts.ShouldBe(["now"]);
        subscription.Figures().Delayed.ShouldBe(2);

        await bench.World.Pause(TimeSpan.FromSeconds(9.9));
        consumer.Texts.ShouldBe(["now"]);
        await bench.World.Pause(TimeSpan.FromSeconds(0.1));
        consumer.Texts.ShouldBe(["now", "late"]);
        await bench.World.Pause(TimeSpan.FromSeconds(10));
        consumer.Texts.ShouldBe(["now", "late", "later"]);
    });

    [Fact]
    public void Delayed_messages_beyond_what_is_remembered_come_at_their_time_too_and_survive_a_restart() => SubscriptionBench.Run(async bench =>
    {
        bench.Limits = new DispatchOptions { MaxDelayed = 10 };
        var subscription = await bench.OpenAsync();
        bench.Attach(subscription, SubscriptionType.Shared);
        for (var i = 0; i < 200; i++)
        {
            bench.Publish($"{i}", deliverAt: bench.Time.GetUtcNow() + TimeSpan.FromSeconds(10 + (i * 7919 % 200)));
        }

        await bench.SettleAsync();
        subscription.Figures().Delayed.ShouldBe(200);
        await subscription.DisposeAsync();

        var again = await bench.OpenAsync();
        var consumer = bench.Attach(again, SubscriptionType.Shared);
        var start = bench.Time.GetUtcNow();
        for (var second = 0; second < 215; second++)
        {
            await bench.World.Pause(TimeSpan.FromSeconds(1));
            foreach (var entry in consumer.Entries)
            {
                MessageCodec.TryReadHeader(entry.Data, out var header).ShouldBeTrue();
                header.DeliverAt.ShouldBeLessThanOrEqualTo(bench.Time.GetUtcNow().ToUnixTimeMilliseconds());
                (bench.Time.GetUtcNow().ToUnixTimeMilliseconds() - header.DeliverAt).ShouldBeLessThanOrEqualTo(1100);
            }

            consumer.AcknowledgeAll();
        }

        again.Backlog.ShouldBe(0);
        consumer.Consumer.Figures().Messages.ShouldBe(200);
    });

    [Fact]
    public void Delays_do_not_concern_who_gets_everything_in_order() => SubscriptionBench.Run(async bench =>
    {
        bench.Publish("late", deliverAt: bench.Time.GetUtcNow() + TimeSpan.FromHours(1));
        bench.Publish("now");
        var consumer = bench.Attach(await bench.OpenAsync());
        await bench.SettleAsync();
        consumer.Texts.ShouldBe(["late", "now"]);
    });

    [Fact]
    public void A_seek_closes_the_consumers_after_the_cursor_has_moved_for_good() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(10);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        var target = consumer.Entries[4].Position;
        consumer.Consumer.AcknowledgeUpTo(new BatchAck(consumer.Entries[8].Position));
        await subscription.SeekAsync(new MessageId(target), CancellationToken.None);
        consumer.Closure.ShouldBe(CloseReason.Moved);
        consumer.Acknowledge(5);

        var again = await bench.OpenAsync();
        again.Backlog.ShouldBe(6);
        var next = bench.Attach(subscription);
        await bench.SettleAsync();
        next.Texts.ShouldBe(["4", "5", "6", "7", "8", "9"]);
        next.Entries.ShouldAllBe(static entry => entry.Redeliveries == 0);
    });

    [Fact]
    public void A_seek_into_a_batch_leaves_out_what_lies_before() => SubscriptionBench.Run(async bench =>
    {
        var batch = bench.PublishBatch(5);
        var subscription = await bench.OpenAsync();
        await subscription.SeekAsync(new MessageId(batch, -1, 3), CancellationToken.None);
        var consumer = bench.Attach(subscription);
        await bench.SettleAsync();
        consumer.Entries[0].Unacknowledged.ShouldBe([0b11000L]);
    });

    [Fact]
    public void A_seek_by_time_begins_with_what_was_published_then() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        bench.Publish("old");
        await bench.World.Pause(TimeSpan.FromSeconds(10));
        var then = bench.Time.GetUtcNow();
        bench.Publish("new");
        await subscription.SeekAsync(then, CancellationToken.None);
        subscription.Backlog.ShouldBe(1);
        await subscription.SeekAsync(new MessageId(Position.Earliest), CancellationToken.None);
        subscription.Backlog.ShouldBe(2);
        await subscription.SeekAsync(new MessageId(Position.Latest), CancellationToken.None);
        subscription.Backlog.ShouldBe(0);
        await subscription.SeekAsync(then + TimeSpan.FromSeconds(1), CancellationToken.None);
        subscription.Backlog.ShouldBe(0);
    });

    [Fact]
    public void Entries_are_skipped_expired_and_cleared() => SubscriptionBench.Run(async bench =>
    {
        var subscription = await bench.OpenAsync();
        bench.PublishMany(10);
        await bench.World.Pause(TimeSpan.FromSeconds(10));
        var then = bench.Time.GetUtcNow();
        bench.PublishMany(10);
        var consumer = bench.Attach(subscription, SubscriptionType.Shared, permits: 5);
        await bench.SettleAsync();
        consumer.Acknowledge(1);

        await subscription.SkipAsync(2, CancellationToken.None);
        subscription.Backlog.ShouldBe(17);
        await subscription.ExpireAsync(then, CancellationToken.None);
        subscription.Backlog.ShouldBe(10);
        subscription.Figures().Expired.ShouldBe(7);
        subscription.Figures().Unacknowledged.ShouldBe(0);
        consumer.Consumer.Permit(1);
        await bench.SettleAsync();
        consumer.Texts[^1].ShouldBe("0");

        await subscription.ClearAsync(CancellationToken.None);
        subscription.Backlog.ShouldBe(0);
        bench.Publish("next");
        consumer.Consumer.Permit(1);
        await bench.SettleAsync();
        consumer.Texts[^1].ShouldBe("next");
        (await bench.OpenAsync()).Backlog.ShouldBe(1);
    });

    [Fact]
    public void A_new_subscription_begins_where_it_is_asked_to() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(3);
        var batch = bench.PublishBatch(4);
        var options = SubscriptionBench.Options("x");
        (await Backlog(options)).ShouldBe(4);
        (await Backlog(options with { Start = new MessageId(Position.Latest) })).ShouldBe(0);
        (await Backlog(options with { Start = new MessageId(new Position(batch.Ledger, 1)) })).ShouldBe(2);
        (await Backlog(options with { Start = new MessageId(new Position(batch.Ledger, 1)), StartInclusive = true })).ShouldBe(3);
        (await Backlog(options with { Start = new MessageId(batch, -1, 1) })).ShouldBe(1);
        (await Backlog(options with { Start = new MessageId(batch, -1, 3) })).ShouldBe(0);
        (await Backlog(options with { Start = new MessageId(new Position(99, 5)) })).ShouldBe(0);
        (await Backlog(options with { StartAt = bench.Time.GetUtcNow() + TimeSpan.FromSeconds(1) })).ShouldBe(0);

        async Task<long> Backlog(ConsumerOptions how)
        {
            var subscription = await bench.OpenAsync("x", how);
            var backlog = subscription.Backlog;
            await subscription.DeleteAsync(CancellationToken.None);
            return backlog;
        }
    });

    [Fact]
    public void A_reader_leaves_nothing_behind_and_a_deleted_subscription_neither() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(3);
        var reader = await bench.OpenAsync("reader", SubscriptionBench.Options("reader") with { IsDurable = false });
        var consumer = bench.Attach(reader);
        await bench.SettleAsync();
        consumer.AcknowledgeAll();
        await consumer.Consumer.AcknowledgedAsync(CancellationToken.None);
        bench.Metadata.Writes.ShouldBe(0);
        await reader.DisposeAsync();

        var durable = await bench.OpenAsync("a/b %");
        var other = bench.Attach(durable);
        await bench.SettleAsync();
        await durable.DeleteAsync(CancellationToken.None);
        other.Closure.ShouldBe(CloseReason.Deleted);
        (await bench.Metadata.GetAsync(CursorRecord.KeyOf(bench.Topic, durable.Name), CancellationToken.None)).ShouldBeNull();
        (await SubscriptionBench.ProblemAsync(Missing(bench))).Slug.ShouldBe("not-found");

        static async ValueTask Missing(SubscriptionBench bench) =>
            await CursorSubscription.OpenAsync(bench.Context, Virga.Topics.Names.SubscriptionName.Parse("a/b %"), null, CancellationToken.None);
    });

    [Fact]
    public void What_is_stored_of_a_subscription_and_cannot_be_read_is_not_begun_anew() => SubscriptionBench.Run(async bench =>
    {
        await bench.Metadata.WriteAsync([new(CursorRecord.KeyOf(bench.Topic, Virga.Topics.Names.SubscriptionName.Parse("s")), new byte[] { 9, 9 }, null)], CancellationToken.None);
        (await SubscriptionBench.ProblemAsync(OpenAsync(bench))).Slug.ShouldBe("topics-corrupted");

        static async ValueTask OpenAsync(SubscriptionBench bench) => await bench.OpenAsync();
    });

    [Fact]
    public void A_reader_of_the_compacted_topic_gets_the_last_of_each_key() => SubscriptionBench.Run(async bench =>
    {
        bench.Compacted = new MemoryLog { Hides = static position => position.Entry % 3 != 0 };
        for (var i = 0; i < 9; i++)
        {
            bench.Publish($"{i}", "k");
        }

        for (var i = 0; i < 7; i++)
        {
            bench.Compacted.Append(Read(bench.Log, i));
        }

        var subscription = await bench.OpenAsync();
        var consumer = SubscriptionBench.Attach(subscription, SubscriptionBench.Options("s") with { ReadCompacted = true }, 100);
        await bench.SettleAsync();
        consumer.Texts.ShouldBe(["0", "3", "6"]);
        consumer.AcknowledgeAll();
        subscription.MarkDeleted.Entry.ShouldBe(6);

        static byte[] Read(MemoryLog log, int entry)
        {
            var into = new List<Virga.Topics.Logs.LogEntry>();
            log.TryRead(new Position(log.First.Ledger, entry), 1, 1, into).ShouldBeTrue();
            return into[0].Data.ToArray();
        }
    });

    [Fact]
    public void The_end_of_a_terminated_topic_is_told_once_when_all_is_delivered() => SubscriptionBench.Run(async bench =>
    {
        bench.PublishMany(3);
        var subscription = await bench.OpenAsync();
        subscription.Terminated();
        var consumer = bench.Attach(subscription, SubscriptionType.Shared, permits: 2);
        await bench.SettleAsync();
        consumer.Ends.ShouldBe(0);
        consumer.Consumer.Permit(5);
        await bench.SettleAsync();
        consumer.Ends.ShouldBe(1);
        consumer.AcknowledgeAll();
        await bench.SettleAsync();
        consumer.Ends.ShouldBe(1);
    });

    [Fact]
    public void A_rate_is_kept_and_can_be_changed() => SubscriptionBench.Run(async bench =>
    {
        bench.Limits = new DispatchOptions { Rate = new DispatchRate(100) };
        bench.PublishMany(1000);
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription, permits: 10_000);
        await bench.World.Pause(TimeSpan.FromSeconds(3));
        consumer.Entries.Count.ShouldBeInRange(390, 410);

        subscription.Apply(bench.Limits with { Rate = default });
        await bench.SettleAsync();
        consumer.Entries.Count.ShouldBe(1000);
    });

    [Fact]
    public void What_is_published_to_a_topic_that_keeps_nothing_goes_to_who_has_room_and_is_counted_where_nobody_has() => SubscriptionBench.Run(async bench =>
    {
        await using var direct = new DirectSubscription(bench.Context, Virga.Topics.Names.SubscriptionName.Parse("d"));
        Publish(2);
        var a = bench.Attach(direct, SubscriptionType.Shared, permits: 3);
        var b = bench.Attach(direct, SubscriptionType.Shared, permits: 3);
        Publish(8);
        await bench.SettleAsync();
        a.Entries.Count.ShouldBe(3);
        b.Entries.Count.ShouldBe(3);
        direct.Figures().Dropped.ShouldBe(4);
        direct.Figures().Messages.ShouldBe(6);
        a.AcknowledgeAll();

        void Publish(int count)
        {
            for (var i = 0; i < count; i++)
            {
                direct.Publish(new Position(0, i), MessageWriter.Write(new OutgoingMessage { Payload = "x"u8.ToArray() }, "p", i, bench.Time.GetUtcNow()));
            }
        }
    });
}
