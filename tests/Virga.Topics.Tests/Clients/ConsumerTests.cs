using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using static Virga.Topics.Tests.Clients.ClientFixture;

namespace Virga.Topics.Tests.Clients;

public sealed class ConsumerTests
{
    [Fact]
    public async Task What_is_acknowledged_is_not_delivered_to_the_next_consumer()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "a", "b", "c");
        await using (var first = await fixture.SubscribeAsync("t", Subscription("s")))
        {
            var messages = await TakeAsync(first, 3);
            first.Acknowledge(messages[0]);
            first.Acknowledge(messages[2]);
            await first.AcknowledgedAsync(Cancellation);
        }

        await using var second = await fixture.SubscribeAsync("t", Subscription("s"));

        TextOf((await TakeAsync(second, 1))[0]).ShouldBe("b");
        second.Queued.ShouldBe(0);
    }

    [Fact]
    public async Task Within_a_batch_only_what_is_acknowledged_counts_as_such()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishBatchAsync("t", MessageCompression.None, "a", "b", "c", "d");
        await using (var first = await fixture.SubscribeAsync("t", Subscription("s")))
        {
            var messages = await TakeAsync(first, 4);
            first.Acknowledge(messages[1]);
            first.Acknowledge(messages[3]);
            await first.AcknowledgedAsync(Cancellation);
        }

        await using var second = await fixture.SubscribeAsync("t", Subscription("s"));

        (await ConsumeAsync(second, 2)).ShouldBe(["a", "c"]);
        await UntilAsync(() => second.Backlog == 0);
    }

    [Fact]
    public async Task Up_to_a_message_of_a_batch_all_is_acknowledged()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "x");
        await fixture.PublishBatchAsync("t", MessageCompression.None, "a", "b", "c");
        await using (var first = await fixture.SubscribeAsync("t", Subscription("s")))
        {
            first.AcknowledgeUpTo((await TakeAsync(first, 4))[2]);
            await first.AcknowledgedAsync(Cancellation);
        }

        await using var second = await fixture.SubscribeAsync("t", Subscription("s"));

        TextOf((await TakeAsync(second, 1))[0]).ShouldBe("c");
    }

    [Theory]
    [InlineData(SubscriptionType.Shared)]
    [InlineData(SubscriptionType.KeyShared)]
    [InlineData(SubscriptionType.Exclusive)]
    [InlineData(SubscriptionType.Failover)]
    public async Task A_rejected_message_comes_again_and_what_is_in_hand_does_not(SubscriptionType type)
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "a", "b", "c");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", type));
        var messages = await TakeAsync(consumer, 3);

        consumer.Reject(messages[1]);

        var again = (await TakeAsync(consumer, 1))[0];
        TextOf(again).ShouldBe("b");
        again.Redeliveries.ShouldBe(1);
        consumer.Acknowledge(again);
        consumer.Acknowledge(messages[0]);
        consumer.Acknowledge(messages[2]);
        await UntilAsync(() => consumer.Backlog == 0);
        consumer.TryReceive(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Of_a_batch_a_rejected_message_comes_again_alone_once_the_others_are_settled()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishBatchAsync("t", MessageCompression.Zstd, "a", "b", "c");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", SubscriptionType.Shared));
        var messages = await TakeAsync(consumer, 3);

        consumer.Reject(messages[1]);
        consumer.Acknowledge(messages[0]);
        consumer.Acknowledge(messages[2]);

        TextOf((await TakeAsync(consumer, 1))[0]).ShouldBe("b");
        consumer.TryReceive(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task What_nobody_has_dealt_with_in_time_comes_again()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "a", "b");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", SubscriptionType.Shared) with { AckTimeout = TimeSpan.FromMilliseconds(100) });

        var messages = await TakeAsync(consumer, 2);
        consumer.Acknowledge(messages[0]);

        (await ConsumeAsync(consumer, 1)).ShouldBe(["b"]);
    }

    [Theory]
    [InlineData(SubscriptionType.Shared)]
    [InlineData(SubscriptionType.Exclusive)]
    public async Task A_message_that_is_rejected_too_often_becomes_a_dead_letter(SubscriptionType type)
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "good", "bad", "fine");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", type) with { DeadLetters = new DeadLetterPolicy { MaxRedeliveries = 2, InitialSubscription = SubscriptionName.Parse("morgue") } });

        var times = 0;
        var good = new List<string>();
        while (good.Count < 2 || times < 3)
        {
            var message = (await TakeAsync(consumer, 1))[0];
            if (TextOf(message) == "bad")
            {
                times++;
                consumer.Reject(message);
            }
            else
            {
                good.Add(TextOf(message));
                consumer.Acknowledge(message);
            }
        }

        await using var dead = await fixture.SubscribeAsync("t-s-DLQ", Subscription("morgue"));
        var letter = (await TakeAsync(dead, 1))[0];
        TextOf(letter).ShouldBe("bad");
        letter.Properties.ShouldContain(new KeyValuePair<string, string>("REAL_TOPIC", "persistent://default/default/t"));
        letter.Properties.ShouldContain(static property => property.Key == "ORIGIN_MESSAGE_ID");
        times.ShouldBe(3);
        good.ShouldBe(["good", "fine"]);
        await UntilAsync(() => consumer.Backlog == 0);
    }

    [Fact]
    public async Task A_message_to_be_retried_later_comes_by_the_retry_topic_and_counts_its_times()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "m");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", SubscriptionType.Shared) with { DeadLetters = new DeadLetterPolicy { MaxRedeliveries = 2, UsesRetryTopic = true } });

        var times = new List<string?>();
        for (var i = 0; i < 3; i++)
        {
            var message = (await TakeAsync(consumer, 1))[0];
            times.Add(message.Properties.FirstOrDefault(static property => property.Key == "RECONSUMETIMES").Value);
            await consumer.RetryLaterAsync(message, TimeSpan.FromMilliseconds(30), Cancellation);
        }

        times.ShouldBe([null, "1", "2"]);
        await using var dead = await fixture.SubscribeAsync("t-s-DLQ", Subscription("morgue"));
        TextOf((await TakeAsync(dead, 1))[0]).ShouldBe("m");
    }

    [Fact]
    public async Task All_partitions_are_consumed_and_those_that_come_later_too()
    {
        await using var fixture = await StartAsync();
        await fixture.Broker.CreateAsync(Name("t"), 2, Cancellation);
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s"));
        consumer.Topics.Count.ShouldBe(2);

        await fixture.Broker.GrowAsync(Name("t"), 4, Cancellation);
        await UntilAsync(() => consumer.Topics.Count == 4);
        for (var i = 0; i < 8; i++)
        {
            await fixture.Client.PublishAsync(Name("t"), Message($"{i}", $"key-{i}"), Cancellation);
        }

        (await ConsumeAsync(consumer, 8)).Order().ShouldBe(["0", "1", "2", "3", "4", "5", "6", "7"]);
    }

    [Fact]
    public async Task A_pattern_takes_topics_up_as_they_are_made_and_lets_go_of_those_that_are_deleted()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("orders-eu", "one");
        await using var consumer = await fixture.Client.SubscribeAsync(TopicSelection.Matching("orders-.*", Scope.Default), Subscription("s"), Cancellation);
        (await ConsumeAsync(consumer, 1)).ShouldBe(["one"]);

        await fixture.PublishAsync("orders-us", "two");
        await fixture.PublishAsync("bills", "other");

        (await ConsumeAsync(consumer, 1)).ShouldBe(["two"]);
        await fixture.Broker.DeleteAsync(Name("orders-eu"), force: true, Cancellation);
        await UntilAsync(() => consumer.Topics.Count == 1);
        consumer.Topics.ShouldHaveSingleItem().Local.ShouldBe("orders-us");
    }

    [Fact]
    public async Task A_second_exclusive_consumer_is_refused()
    {
        await using var fixture = await StartAsync();
        await using var first = await fixture.SubscribeAsync("t", Subscription("s"));

        (await Should.ThrowAsync<ProblemException>(async () => await fixture.SubscribeAsync("t", Subscription("s")))).Problem.Slug.ShouldBe("consumer-busy");
    }

    [Fact]
    public async Task Only_so_many_messages_wait_in_the_queue()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", [.. Enumerable.Range(0, 20).Select(static i => $"{i}")]);
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", SubscriptionType.Shared) with { QueueSize = 4 });
        await UntilAsync(() => consumer.Queued == 4);

        await using var other = await fixture.SubscribeAsync("t", Subscription("s", SubscriptionType.Shared));

        await UntilAsync(() => other.Queued == 16);
        consumer.Queued.ShouldBe(4);
    }

    [Fact]
    public async Task After_a_seek_messages_come_from_there_on()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "a", "b", "c", "d");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s"));
        var messages = await TakeAsync(consumer, 4);
        messages.ForEach(consumer.Acknowledge);

        await consumer.SeekAsync(Name("t"), messages[1].Id, Cancellation);
        (await ConsumeAsync(consumer, 3)).ShouldBe(["b", "c", "d"]);

        await consumer.SeekAsync(messages[0].PublishedAt, Cancellation);
        TextOf((await TakeAsync(consumer, 1))[0]).ShouldBe("a");

        await consumer.SeekAsync(Name("t"), new MessageId(Position.Latest), Cancellation);
        await fixture.PublishAsync("t", "e");
        TextOf((await TakeAsync(consumer, 1))[0]).ShouldBe("e");
    }

    [Fact]
    public async Task A_terminated_topic_ends_when_all_of_it_is_dealt_with()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "a", "b");
        await (await fixture.Broker.GetAsync(Name("t"), TopicCreation.Never, Cancellation)).TerminateAsync(Cancellation);
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", SubscriptionType.Shared));

        var messages = await TakeAsync(consumer, 2);
        consumer.Reject(messages[0]);
        consumer.Acknowledge(messages[1]);
        (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);

        (await consumer.WaitAsync(Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_reader_reads_from_its_place_on_and_leaves_nothing_behind()
    {
        await using var fixture = await StartAsync();
        await fixture.PublishAsync("t", "a");
        await fixture.PublishBatchAsync("t", MessageCompression.None, "b", "c", "d");
        await using (var reader = await fixture.Client.ReadAsync(Name("t"), new TopicReaderOptions(), Cancellation))
        {
            var read = new List<TopicMessage>();
            for (var i = 0; i < 4; i++)
            {
                read.Add(await reader.ReadAsync(Cancellation));
            }

            read.Select(TextOf).ShouldBe(["a", "b", "c", "d"]);
            await using var behind = await fixture.Client.ReadAsync(Name("t"), new TopicReaderOptions { Start = read[1].Id }, Cancellation);
            TextOf(await behind.ReadAsync(Cancellation)).ShouldBe("c");

            // In the middle of the batch the topic leaves memory: the reader goes on behind what it has read.
            await (await fixture.Broker.GetAsync(Name("t"), TopicCreation.Never, Cancellation)).UnloadAsync(Cancellation);
            TextOf(await behind.ReadAsync(Cancellation)).ShouldBe("d");
        }

        var topic = await fixture.Broker.GetAsync(Name("t"), TopicCreation.Never, Cancellation);
        await UntilAsync(() => topic.ListSubscriptions().All(static subscription => !subscription.HasConsumers));
    }

    [Fact]
    public async Task Large_messages_wait_at_the_broker_and_not_all_in_the_queue()
    {
        await using var fixture = await StartAsync();
        var large = new OutgoingMessage { Payload = new byte[2 << 20] };
        for (var i = 0; i < 40; i++)
        {
            await fixture.Client.PublishAsync(Name("t"), large, Cancellation);
        }

        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s"));
        var topic = await fixture.Broker.GetAsync(Name("t"), TopicCreation.Never, Cancellation);
        await UntilAsync(() => topic.Find(SubscriptionName.Parse("s"))!.Figures().Consumers is [{ Permits: <= 0, Messages: > 0 }]);

        for (var left = 40; left > 0; left--)
        {
            consumer.Queued.ShouldBeLessThan(24);
            await consumer.ReceiveAsync(Cancellation);
        }
    }

    [Fact]
    public async Task A_topic_that_keeps_nothing_hands_messages_to_who_is_there()
    {
        await using var fixture = await StartAsync();
        const string topic = "non-persistent://default/default/live";
        await fixture.PublishAsync(topic, "missed");
        await using var consumer = await fixture.SubscribeAsync(topic, Subscription("s"));

        await fixture.PublishAsync(topic, "seen");

        (await ConsumeAsync(consumer, 1)).ShouldBe(["seen"]);
    }
}
