using Virga.Core.Problems;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

public sealed class StoreFailureTests
{
    private FaultyStore? _store;

    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_disk_fails_the_topic_is_opened_anew_and_what_was_in_doubt_is_not_doubled(bool deduplicates)
    {
        await using var fixture = await StartAsync(new TopicPolicies { Deduplication = deduplicates });
        var sink = new TestProducerSink();
        var producer = await fixture.ProduceAsync("t", sink: sink);
        await BrokerFixture.PublishAsync(producer, "0", 0);
        _store!.FailsAfter = 1;
        var publishes = Enumerable.Range(1, 5).Select(i => BrokerFixture.Entry(producer, $"{i}", i)).ToList();
        publishes.ForEach(producer.Publish);

        await publishes[0].End;
        foreach (var publish in publishes.Skip(1))
        {
            (await Should.ThrowAsync<ProblemException>(publish.End)).Problem.Fault.ShouldBe(Fault.Platform);
        }

        await sink.WhenClosed.WaitAsync(Cancellation);
        _store.FailsAfter = int.MaxValue;
        producer = await fixture.ProduceAsync("t");

        // What a client does: everything that it did not hear of, once more.
        for (var i = 2; i <= 5; i++)
        {
            await BrokerFixture.PublishAsync(producer, $"{i}", i);
        }

        var texts = await fixture.TextsAsync("t");
        if (deduplicates)
        {
            texts.ShouldBe(["0", "1", "2", "3", "4", "5"]);
        }
        else
        {
            // At least once, and what was acknowledged in its order.
            texts.Take(2).ShouldBe(["0", "1"]);
            texts.TakeLast(4).ShouldBe(["2", "3", "4", "5"]);
        }
    }

    [Fact]
    public async Task While_no_ledger_can_be_made_publishing_is_refused_and_consuming_goes_on()
    {
        await using var fixture = await StartAsync(new TopicPolicies());
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "0");
        await (await fixture.GetAsync("t")).UnloadAsync(Cancellation);
        var topic = await fixture.GetAsync("t");
        producer = await fixture.ProduceAsync("t");
        var sink = new TestConsumerSink();
        var consumer = await topic.SubscribeAsync(new ConsumerOptions { Subscription = SubscriptionName.Parse("s"), Start = new MessageId(Position.Earliest) }, sink, Cancellation);
        _store!.RefusesToCreate = true;

        (await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(producer, "1"))).Problem.Slug.ShouldBe("ledgers-unavailable");
        consumer.Permit(10);
        (await sink.ReceiveAsync(1)).ShouldBe(["0"]);
        topic.IsClosing.ShouldBeFalse();

        _store.RefusesToCreate = false;
        await BrokerFixture.PublishAsync(producer, "2");
        (await sink.ReceiveAsync(1)).ShouldBe(["2"]);
    }

    [Fact]
    public async Task With_numbers_a_refused_message_is_not_taken_for_one_that_was_published()
    {
        await using var fixture = await StartAsync(new TopicPolicies { Deduplication = true });
        var producer = await fixture.ProduceAsync("t");
        _store!.RefusesToCreate = true;
        await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(producer, "0", 0));

        _store.RefusesToCreate = false;
        producer = await fixture.ProduceAsync("t", "again");
        producer = await fixture.ProduceAsync("t");

        (await BrokerFixture.PublishAsync(producer, "0", 0)).ShouldNotBe(TestPublish.Repeated);
        (await fixture.TextsAsync("t")).ShouldBe(["0"]);
    }

    [Fact]
    public async Task What_repeats_a_message_that_has_failed_is_not_taken_for_published()
    {
        await using var fixture = await StartAsync(new TopicPolicies { Deduplication = true });
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "0", 0);
        _store!.FailsAfter = 0;
        var first = BrokerFixture.Entry(producer, "1", 1);
        var again = BrokerFixture.Entry(producer, "1", 1);

        producer.Publish(first);
        producer.Publish(again);

        (await Should.ThrowAsync<ProblemException>(first.End)).Problem.Fault.ShouldBe(Fault.Platform);
        (await Should.ThrowAsync<ProblemException>(again.End)).Problem.Fault.ShouldBe(Fault.Platform);
    }

    private Task<BrokerFixture> StartAsync(TopicPolicies policies) =>
        BrokerFixture.StartAsync(BrokerFixture.Quiet with { Policies = policies, Logs = new TopicLogOptions() }, over: store => _store = new FaultyStore(store));
}
