using Virga.Pulsar.Protocol;
using Virga.Pulsar.Tests.Harness;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Tests;

public sealed class ConsumingTests : IAsyncLifetime
{
    private const string Topic = "persistent://public/default/orders";

    private TestBroker _broker = null!;

    public async ValueTask InitializeAsync() => _broker = await TestBroker.StartAsync();

    public async ValueTask DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task Messages_come_in_order_and_no_more_than_were_permitted()
    {
        using var client = await _broker.ConnectAsync();
        await PublishAsync(client, 100);
        await client.SubscribeAsync(Topic, "s");

        await client.FlowAsync(40);
        for (var i = 0; i < 40; i++)
        {
            (await client.NextTextAsync()).ShouldBe($"message {i}");
        }

        // Whatever had come beyond the permits would come before the answer.
        await client.SendAsync(new BaseCommand { Type = CommandType.Ping, Ping = new CommandPing() });
        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Type.ShouldBe(CommandType.Pong);
        await client.FlowAsync(60);
        for (var i = 40; i < 100; i++)
        {
            (await client.NextTextAsync()).ShouldBe($"message {i}");
        }
    }

    [Fact]
    public async Task A_thousand_permits_give_a_thousand_messages_however_large_they_are()
    {
        using var producer = await _broker.ConnectAsync();
        using var consumer = await _broker.ConnectAsync();
        await consumer.SubscribeAsync(Topic, "s");
        await consumer.FlowAsync(1000);
        var large = new string('x', 30_000);

        await producer.ProduceAsync(Topic);
        for (var i = 0; i < 1000; i++)
        {
            await producer.PublishAsync(large, i);
        }

        for (var i = 0; i < 1000; i++)
        {
            (await consumer.NextTextAsync()).Length.ShouldBe(30_000);
        }
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_up_itself_only()
    {
        using var producer = await _broker.ConnectAsync();
        using var slow = await _broker.ConnectAsync();
        using var fast = await _broker.ConnectAsync();
        await slow.SubscribeAsync(Topic, "slow");
        await fast.SubscribeAsync(Topic, "fast");
        await slow.FlowAsync(1000);
        await fast.FlowAsync(1000);
        var large = new string('x', 100_000);
        await producer.ProduceAsync(Topic);
        for (var i = 0; i < 400; i++)
        {
            await producer.PublishAsync(large, i);
            (await fast.NextTextAsync()).Length.ShouldBe(100_000);
        }

        // 40 MB were published; what waits for the slow one is what its window and its socket hold.
        var topic = await _broker.Topics.GetAsync(TopicName.Parse(Topic), TopicCreation.Never, CancellationToken.None);
        var figures = topic.Find(SubscriptionName.Parse("slow")).ShouldNotBeNull().Figures();
        figures.Bytes.ShouldBeLessThan(16L * 1024 * 1024);

        for (var i = 0; i < 400; i++)
        {
            (await slow.NextTextAsync()).Length.ShouldBe(100_000);
        }
    }

    [Fact]
    public async Task Acknowledgements_get_their_receipt_when_they_are_durable_and_are_kept()
    {
        using var client = await _broker.ConnectAsync();
        await PublishAsync(client, 10);
        await client.SubscribeAsync(Topic, "s", SubscriptionType.Shared);
        await client.FlowAsync(100);
        for (var i = 0; i < 10; i++)
        {
            var (command, _) = await client.NextMessageAsync();
            if (i % 2 == 0)
            {
                await client.SendAsync(Ack(command.MessageId, request: (ulong)i + 1000));
                var response = (await client.ExpectAsync(CommandType.AckResponse)).AckResponse;
                (response.RequestId, response.HasError).ShouldBe(((ulong)i + 1000, false));
            }
        }

        await client.SendAsync(new BaseCommand { Type = CommandType.CloseConsumer, CloseConsumer = new CommandCloseConsumer { ConsumerId = 1, RequestId = client.NextRequest() } });
        await client.ExpectAsync(CommandType.Success);
        await client.SubscribeAsync(Topic, "s", SubscriptionType.Shared, 2);
        await client.FlowAsync(100, 2);

        foreach (var i in (int[])[1, 3, 5, 7, 9])
        {
            (await client.NextTextAsync()).ShouldBe($"message {i}");
        }
    }

    [Fact]
    public async Task Cumulative_acknowledgement_goes_up_to_a_message_and_not_for_shared_subscriptions()
    {
        using var client = await _broker.ConnectAsync();
        await PublishAsync(client, 5);
        await client.SubscribeAsync(Topic, "one");
        await client.SubscribeAsync(Topic, "many", SubscriptionType.Shared, 2);
        await client.FlowAsync(100);
        MessageIdData third = null!;
        for (var i = 0; i < 5; i++)
        {
            var (command, _) = await client.NextMessageAsync();
            third = i == 2 ? command.MessageId : third;
        }

        await client.SendAsync(Ack(third, request: 500, type: 1));
        (await client.ExpectAsync(CommandType.AckResponse)).AckResponse.HasError.ShouldBeFalse();
        await client.SendAsync(Ack(third, consumer: 2, request: 501, type: 1));
        (await client.ExpectAsync(CommandType.AckResponse)).AckResponse.Error.ShouldBe(ServerError.NotAllowedError);

        await client.SendAsync(new BaseCommand { Type = CommandType.RedeliverUnacknowledgedMessages, RedeliverUnacknowledgedMessages = new CommandRedeliverUnacknowledgedMessages { ConsumerId = 1, ConsumerEpoch = 1 } });
        var (again, messages) = await client.NextMessageAsync();
        System.Text.Encoding.UTF8.GetString(messages[0].Payload.Span).ShouldBe("message 3");
        again.ConsumerEpoch.ShouldBe(1ul);
    }

    [Fact]
    public async Task A_batch_is_acknowledged_message_by_message()
    {
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic);
        var batch = MessageWriter.WriteBatch([.. Enumerable.Range(0, 5).Select(static i => new OutgoingMessage { Payload = new[] { (byte)i } })], "test", 0, DateTimeOffset.UnixEpoch);
        await client.SendAsync(RawClient.Send(1, 0, 5), batch);
        await client.ExpectAsync(CommandType.SendReceipt);
        await client.SubscribeAsync(Topic, "s", SubscriptionType.Shared);
        await client.FlowAsync(5);
        var (command, messages) = await client.NextMessageAsync();
        messages.Count.ShouldBe(5);

        var ack = Ack(command.MessageId, request: 1000);
        ack.Ack.MessageId[0].AckSet.Add(0b10110);
        await client.SendAsync(ack);
        await client.ExpectAsync(CommandType.AckResponse);
        await client.SendAsync(new BaseCommand { Type = CommandType.RedeliverUnacknowledgedMessages, RedeliverUnacknowledgedMessages = new CommandRedeliverUnacknowledgedMessages { ConsumerId = 1, MessageIds = { command.MessageId } } });
        await client.FlowAsync(5);

        var (again, left) = await client.NextMessageAsync();
        left.Select(static m => m.Payload.Span[0]).ShouldBe([(byte)1, (byte)2, (byte)4]);
        again.RedeliveryCount.ShouldBe(1u);
    }

    [Fact]
    public async Task What_a_connection_leaves_unacknowledged_is_delivered_to_another()
    {
        using var producer = await _broker.ConnectAsync();
        var first = await _broker.ConnectAsync();
        using var second = await _broker.ConnectAsync();
        await PublishAsync(producer, 10);
        await first.SubscribeAsync(Topic, "s", SubscriptionType.Shared);
        await first.FlowAsync(10);
        for (var i = 0; i < 10; i++)
        {
            await first.NextMessageAsync();
        }

        await second.SubscribeAsync(Topic, "s", SubscriptionType.Shared);
        await second.FlowAsync(10);
        first.Dispose();

        for (var i = 0; i < 10; i++)
        {
            var (command, _) = await second.NextMessageAsync();
            command.RedeliveryCount.ShouldBe(1u);
        }
    }

    [Fact]
    public async Task A_second_exclusive_consumer_is_refused_and_a_failover_one_waits()
    {
        using var first = await _broker.ConnectAsync();
        using var second = await _broker.ConnectAsync();
        await first.SubscribeAsync(Topic, "alone");
        (await RefusedAsync(second, "alone", SubscriptionType.Exclusive)).ShouldBe(ServerError.ConsumerBusy);
        (await RefusedAsync(second, "alone", SubscriptionType.Shared)).ShouldBe(ServerError.ConsumerBusy);

        await first.SubscribeAsync(Topic, "two", SubscriptionType.Failover, 2, static s => s.ConsumerName = "a");
        (await first.ExpectAsync(CommandType.ActiveConsumerChange)).ActiveConsumerChange.IsActive.ShouldBeTrue();
        await second.SubscribeAsync(Topic, "two", SubscriptionType.Failover, 2, static s => s.ConsumerName = "b");
        (await second.ExpectAsync(CommandType.ActiveConsumerChange)).ActiveConsumerChange.IsActive.ShouldBeFalse();
        first.Dispose();
        (await second.ExpectAsync(CommandType.ActiveConsumerChange)).ActiveConsumerChange.IsActive.ShouldBeTrue();
    }

    [Fact]
    public async Task A_seek_closes_the_consumer_which_comes_again_and_begins_there()
    {
        using var client = await _broker.ConnectAsync();
        await PublishAsync(client, 10);
        await client.SubscribeAsync(Topic, "s");
        await client.FlowAsync(10);
        MessageIdData sixth = null!;
        for (var i = 0; i < 10; i++)
        {
            var (command, _) = await client.NextMessageAsync();
            sixth = i == 6 ? command.MessageId : sixth;
        }

        await client.SendAsync(new BaseCommand { Type = CommandType.Seek, Seek = new CommandSeek { ConsumerId = 1, RequestId = 900, MessageId = sixth } });

        (await client.ReceiveAsync()).ShouldNotBeNull().Command.CloseConsumer.ConsumerId.ShouldBe(1ul);
        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Success.RequestId.ShouldBe(900ul);
        await client.SubscribeAsync(Topic, "s");
        await client.FlowAsync(10);
        (await client.NextTextAsync()).ShouldBe("message 6");

        await client.SendAsync(new BaseCommand { Type = CommandType.Seek, Seek = new CommandSeek { ConsumerId = 1, RequestId = 901, MessagePublishTime = 0 } });
        (await client.ExpectAsync(CommandType.CloseConsumer)).ShouldNotBeNull();
        (await client.ExpectAsync(CommandType.Success)).Success.RequestId.ShouldBe(901ul);
        client.ForgetPassedOver();
        await client.SubscribeAsync(Topic, "s");
        await client.FlowAsync(10);
        (await client.NextTextAsync()).ShouldBe("message 0");
    }

    [Fact]
    public async Task A_reader_begins_with_the_entry_that_it_names_and_leaves_nothing_behind()
    {
        using var client = await _broker.ConnectAsync();
        var ids = await PublishAsync(client, 10);
        await client.SubscribeAsync(Topic, "reader-1", more: s =>
        {
            s.Durable = false;
            s.StartMessageId = ids[4];
        });
        await client.FlowAsync(10);

        (await client.NextTextAsync()).ShouldBe("message 4");
        await client.SendAsync(new BaseCommand { Type = CommandType.GetLastMessageId, GetLastMessageId = new CommandGetLastMessageId { ConsumerId = 1, RequestId = 33 } });
        var last = (await client.ExpectAsync(CommandType.GetLastMessageIdResponse)).GetLastMessageIdResponse;
        (last.RequestId, last.LastMessageId.EntryId).ShouldBe((33ul, ids[9].EntryId));

        client.Dispose();
        var topic = await _broker.Topics.GetAsync(TopicName.Parse(Topic), TopicCreation.Never, CancellationToken.None);
        await Eventually.TrueAsync(() => topic.Find(SubscriptionName.Parse("reader-1")) is null, "the reader's subscription goes with it");
    }

    [Fact]
    public async Task Unsubscribing_is_refused_while_others_have_the_subscription()
    {
        using var first = await _broker.ConnectAsync();
        using var second = await _broker.ConnectAsync();
        await first.SubscribeAsync(Topic, "s", SubscriptionType.Shared);
        await second.SubscribeAsync(Topic, "s", SubscriptionType.Shared);
        var unsubscribe = new BaseCommand { Type = CommandType.Unsubscribe, Unsubscribe = new CommandUnsubscribe { ConsumerId = 1, RequestId = 50 } };

        await first.SendAsync(unsubscribe);
        (await first.ReceiveAsync()).ShouldNotBeNull().Command.Error.Error.ShouldBe(ServerError.ConsumerBusy);
        second.Dispose();
        var topic = await _broker.Topics.GetAsync(TopicName.Parse(Topic), TopicCreation.Never, CancellationToken.None);
        await Eventually.TrueAsync(() => topic.Find(SubscriptionName.Parse("s"))!.Figures().Consumers.Count == 1, "the other consumer is gone");
        await first.SendAsync(unsubscribe);

        (await first.ExpectAsync(CommandType.Success)).Success.RequestId.ShouldBe(50ul);
        topic.Find(SubscriptionName.Parse("s")).ShouldBeNull();
    }

    [Fact]
    public async Task The_end_of_a_terminated_topic_is_told()
    {
        using var client = await _broker.ConnectAsync();
        await PublishAsync(client, 3);
        await client.SubscribeAsync(Topic, "s");
        await client.FlowAsync(10);
        var topic = await _broker.Topics.GetAsync(TopicName.Parse(Topic), TopicCreation.Never, CancellationToken.None);

        await topic.TerminateAsync(CancellationToken.None);
        for (var i = 0; i < 3; i++)
        {
            var (command, _) = await client.NextMessageAsync();
            await client.SendAsync(Ack(command.MessageId, request: 70 + (ulong)i));
        }

        (await client.ExpectAsync(CommandType.ReachedEndOfTopic)).ReachedEndOfTopic.ConsumerId.ShouldBe(1ul);
        (await client.ExpectAsync(CommandType.CloseProducer)).CloseProducer.ProducerId.ShouldBe(1ul);
        await client.SendAsync(new BaseCommand { Type = CommandType.Producer, Producer = new CommandProducer { Topic = Topic, ProducerId = 1, RequestId = 90 } });
        (await client.ExpectAsync(CommandType.Error)).Error.Error.ShouldBe(ServerError.TopicTerminatedError);
    }

    [Fact]
    public async Task A_topic_that_is_unloaded_closes_its_clients_which_come_again()
    {
        using var client = await _broker.ConnectAsync();
        await PublishAsync(client, 3);
        await client.SubscribeAsync(Topic, "s");
        var topic = await _broker.Topics.GetAsync(TopicName.Parse(Topic), TopicCreation.Never, CancellationToken.None);

        await topic.UnloadAsync(CancellationToken.None);

        (await client.ExpectAsync(CommandType.CloseProducer)).CloseProducer.ProducerId.ShouldBe(1ul);
        (await client.ExpectAsync(CommandType.CloseConsumer)).CloseConsumer.ConsumerId.ShouldBe(1ul);
        await client.ProduceAsync(Topic);
        await client.SubscribeAsync(Topic, "s");
        await client.FlowAsync(10);
        (await client.NextTextAsync()).ShouldBe("message 0");
    }

    [Fact]
    public async Task A_consumers_figures_are_answered()
    {
        using var client = await _broker.ConnectAsync();
        await PublishAsync(client, 10);
        await client.SubscribeAsync(Topic, "s", SubscriptionType.KeyShared, more: static s => s.ConsumerName = "me");
        await client.FlowAsync(4);
        for (var i = 0; i < 4; i++)
        {
            await client.NextMessageAsync();
        }

        await client.SendAsync(new BaseCommand { Type = CommandType.ConsumerStats, ConsumerStats = new CommandConsumerStats { ConsumerId = 1, RequestId = 7 } });

        var stats = (await client.ExpectAsync(CommandType.ConsumerStatsResponse)).ConsumerStatsResponse;
        (stats.ConsumerName, stats.Type, stats.UnackedMessages, stats.MsgBacklog).ShouldBe(("me", "Key_Shared", 4ul, 10ul));
    }

    private static BaseCommand Ack(MessageIdData id, ulong consumer = 1, ulong request = 0, int type = 0)
    {
        var ack = new CommandAck { ConsumerId = consumer, AckType = type, MessageId = { new MessageIdData { LedgerId = id.LedgerId, EntryId = id.EntryId } } };
        if (request != 0)
        {
            ack.RequestId = request;
        }

        return new BaseCommand { Type = CommandType.Ack, Ack = ack };
    }

    private static async Task<ServerError> RefusedAsync(RawClient client, string subscription, SubscriptionType type)
    {
        await client.SendAsync(new BaseCommand { Type = CommandType.Subscribe, Subscribe = new CommandSubscribe { Topic = Topic, Subscription = subscription, SubType = (int)type, ConsumerId = 1, RequestId = client.NextRequest() } });
        return (await client.ReceiveAsync()).ShouldNotBeNull().Command.Error.Error;
    }

    // Publishes so many messages and gives their ids.
    private static async Task<List<MessageIdData>> PublishAsync(RawClient client, int count)
    {
        await client.ProduceAsync(Topic);
        var ids = new List<MessageIdData>();
        for (var i = 0; i < count; i++)
        {
            await client.PublishAsync($"message {i}", i);
            ids.Add((await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt.MessageId);
        }

        return ids;
    }
}
