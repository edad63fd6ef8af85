using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

public sealed class ConsumingTests
{
    private static readonly SubscriptionName S = SubscriptionName.Parse("s");

    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    [Fact]
    public async Task A_consumer_gets_what_is_published_and_goes_on_where_it_was_after_a_restart()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var topic = await fixture.GetAsync("t");
        var sink = new TestConsumerSink();
        var consumer = await topic.SubscribeAsync(new ConsumerOptions { Subscription = S }, sink, Cancellation);
        consumer.Permit(100);
        var producer = await fixture.ProduceAsync("t");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => BrokerFixture.PublishAsync(producer, $"{i}")));

        for (var i = 0; i < 10; i++)
        {
            var message = await sink.ReceiveAsync();
            System.Text.Encoding.UTF8.GetString(message.Payload.Span).ShouldBe($"{i}");
            if (i < 6)
            {
                consumer.Acknowledge([new BatchAck(message.Id.Position)]);
            }
        }

        await fixture.RestartAsync();
        (await sink.WhenClosed.WaitAsync(Cancellation)).ShouldBe(CloseReason.Moved);
        var again = new TestConsumerSink();
        (await (await fixture.GetAsync("t")).SubscribeAsync(new ConsumerOptions { Subscription = S }, again, Cancellation)).Permit(100);

        (await again.ReceiveAsync(4)).ShouldBe(["6", "7", "8", "9"]);
    }

    [Fact]
    public async Task Consumers_of_a_topic_that_keeps_nothing_get_what_is_published_while_they_are_there()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        const string name = "non-persistent://default/default/t";
        var topic = await fixture.GetAsync(name);
        var producer = await fixture.ProduceAsync(name);
        await BrokerFixture.PublishAsync(producer, "nobody is there");
        var sink = new TestConsumerSink();
        (await topic.SubscribeAsync(new ConsumerOptions { Subscription = S, Type = SubscriptionType.Shared }, sink, Cancellation)).Permit(10);

        await BrokerFixture.PublishAsync(producer, "here");

        (await sink.ReceiveAsync(1)).ShouldBe(["here"]);
        sink.HasMore.ShouldBeFalse();
        (await fixture.Metadata.ListAsync("cursor/", null, 10, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_consumers_of_a_deleted_topic_and_of_a_removed_subscription_are_told()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var topic = await fixture.GetAsync("t");
        TestConsumerSink first = new(), second = new();
        await topic.SubscribeAsync(new ConsumerOptions { Subscription = S }, first, Cancellation);
        await topic.SubscribeAsync(new ConsumerOptions { Subscription = SubscriptionName.Parse("other/strange %") }, second, Cancellation);

        (await Should.ThrowAsync<ProblemException>(async () => await topic.UnsubscribeAsync(S, force: false, Cancellation))).Problem.Slug.ShouldBe("conflict");
        await topic.UnsubscribeAsync(S, force: true, Cancellation);
        (await first.WhenClosed.WaitAsync(Cancellation)).ShouldBe(CloseReason.Deleted);
        topic.Find(S).ShouldBeNull();

        await fixture.Broker.DeleteAsync(topic.Name, force: true, Cancellation);
        (await second.WhenClosed.WaitAsync(Cancellation)).ShouldBe(CloseReason.Deleted);
        (await fixture.Metadata.ListAsync("cursor/", null, 10, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Subscriptions_are_there_again_after_a_restart_whatever_their_names()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        string[] names = ["a", "a/b", "100%", "ö ü"];
        foreach (var name in names)
        {
            await (await fixture.GetAsync("t")).CreateSubscriptionAsync(SubscriptionName.Parse(name), new MessageId(Position.Earliest), [], Cancellation);
        }

        await fixture.RestartAsync();

        (await fixture.GetAsync("t")).ListSubscriptions().Select(static subscription => subscription.Name.Value).ShouldBe(names, ignoreOrder: true);
    }

    [Fact]
    public async Task Consumers_of_a_terminated_topic_are_told_when_they_have_had_all()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "last");
        var topic = await fixture.GetAsync("t");
        var sink = new TestConsumerSink();
        (await topic.SubscribeAsync(new ConsumerOptions { Subscription = S, Start = new MessageId(Position.Earliest) }, sink, Cancellation)).Permit(10);
        (await sink.ReceiveAsync(1)).ShouldBe(["last"]);

        await topic.TerminateAsync(Cancellation);

        await sink.WhenEndReached.WaitAsync(Cancellation);
    }

    [Fact]
    public async Task Limits_of_subscriptions_and_consumers_hold()
    {
        var policies = new TopicPolicies { MaxSubscriptions = 2, MaxConsumersPerSubscription = 1, AutoSubscriptionCreation = true };
        await using var fixture = await BrokerFixture.StartAsync(BrokerFixture.Quiet with { Policies = policies });
        var topic = await fixture.GetAsync("t");
        await SubscribeAsync(topic, "a");
        await ShouldBeBusyAsync(topic, "a");
        await SubscribeAsync(topic, "b");
        await ShouldBeBusyAsync(topic, "c");

        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfTopic(topic.Name), new TopicPolicies { AutoSubscriptionCreation = false, MaxSubscriptions = 9 }, null, Cancellation);

        (await Should.ThrowAsync<ProblemException>(() => SubscribeAsync(topic, "c"))).Problem.Slug.ShouldBe("not-found");
        await topic.CreateSubscriptionAsync(SubscriptionName.Parse("c"), new MessageId(Position.Latest), [], Cancellation);
        await SubscribeAsync(topic, "c");
    }

    [Fact]
    public async Task The_last_message_is_told_with_its_place_in_the_batch()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var producer = await fixture.ProduceAsync("t");
        var topic = await fixture.GetAsync("t");
        (await topic.LastMessageAsync(Cancellation)).Position.ShouldBe(Position.Earliest);
        var batch = MessageWriter.WriteBatch([.. Enumerable.Range(0, 3).Select(static i => new OutgoingMessage { Payload = new byte[] { (byte)i } })], producer.Name, 0, TimeProvider.System.GetUtcNow());
        var publish = new TestPublish { Data = batch, HighestSequenceId = 2, Messages = 3 };
        producer.Publish(publish);

        var position = await publish.End;

        (await topic.LastMessageAsync(Cancellation)).ShouldBe(new MessageId(position, -1, 2));
    }

    [Fact]
    public async Task Figures_say_what_went_in_and_out()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var topic = await fixture.GetAsync("t");
        var sink = new TestConsumerSink();
        (await topic.SubscribeAsync(new ConsumerOptions { Subscription = S }, sink, Cancellation)).Permit(100);
        var producer = await fixture.ProduceAsync("t");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => BrokerFixture.PublishAsync(producer, $"{i}")));
        await sink.ReceiveAsync(10);
        producer.Detach();
        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);

        var figures = topic.Figures();

        (figures.MessagesIn, figures.MessagesOut, figures.Entries, figures.Backlog).ShouldBe((10, 10, 10, 10));
        figures.BytesIn.ShouldBe(figures.StorageBytes);
        figures.MessageRateIn.ShouldBeGreaterThan(0);
        figures.MessageRateOut.ShouldBeGreaterThan(0);
        figures.Subscriptions.ShouldHaveSingleItem().Consumers.ShouldHaveSingleItem();
        figures.Ledgers.ShouldHaveSingleItem().Entries.ShouldBe(10);
    }

    private static async Task SubscribeAsync(Topic topic, string name) =>
        await topic.SubscribeAsync(new ConsumerOptions { Subscription = SubscriptionName.Parse(name), Type = SubscriptionType.Shared }, new TestConsumerSink(), Cancellation);

    private static async Task ShouldBeBusyAsync(Topic topic, string name) => (await Should.ThrowAsync<ProblemException>(() => SubscribeAsync(topic, name))).Problem.Slug.ShouldBe("consumer-busy");
}
