using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

public sealed class ProducerTests
{
    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    private static TopicBrokerOptions With(TopicPolicies policies) => BrokerFixture.Quiet with { Policies = policies };

    private static TopicBrokerOptions Deduplicating => With(new TopicPolicies { Deduplication = true });

    [Fact]
    public async Task What_a_producer_repeats_is_left_out()
    {
        await using var fixture = await BrokerFixture.StartAsync(Deduplicating);
        var producer = await fixture.ProduceAsync("a");
        await BrokerFixture.PublishAsync(producer, "0", 0);
        await BrokerFixture.PublishAsync(producer, "1", 1);

        (await BrokerFixture.PublishAsync(producer, "1", 1)).ShouldBe(TestPublish.Repeated);
        (await BrokerFixture.PublishAsync(producer, "0", 0)).ShouldBe(TestPublish.Repeated);
        await BrokerFixture.PublishAsync(producer, "5", 5);

        (await fixture.TextsAsync("a")).ShouldBe(["0", "1", "5"]);
    }

    [Fact]
    public async Task A_repetition_ends_behind_what_it_repeats()
    {
        await using var fixture = await BrokerFixture.StartAsync(Deduplicating);
        var producer = await fixture.ProduceAsync("a");
        var ends = new List<int>();
        var publishes = new List<TestPublish>();
        foreach (var (sequence, number) in new[] { (0, 0), (1, 1), (0, 2), (1, 3), (2, 4), (2, 5) })
        {
            var entry = BrokerFixture.Entry(producer, $"{sequence}", sequence);
            publishes.Add(new TestPublish
            {
                Data = entry.Data,
                SequenceId = sequence,
                HighestSequenceId = sequence,
                WhenEnded = () =>
                {
                    lock (ends)
                    {
                        ends.Add(number);
                    }
                },
            });
        }

        publishes.ForEach(producer.Publish);
        await Task.WhenAll(publishes.Select(static publish => publish.End));

        ends.ShouldBe([0, 1, 2, 3, 4, 5]);
        (await fixture.TextsAsync("a")).ShouldBe(["0", "1", "2"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task How_far_a_producer_came_is_known_after_a_restart(bool isSnapshotStored)
    {
        await using var fixture = await BrokerFixture.StartAsync(Deduplicating);
        var producer = await fixture.ProduceAsync("a");
        for (var i = 0; i < 20; i++)
        {
            await BrokerFixture.PublishAsync(producer, $"{i}", i);
            if (isSnapshotStored && i == 10)
            {
                await (await fixture.GetAsync("a")).Upkeep.RoundAsync(TimeSpan.FromSeconds(1), Cancellation);
            }
        }

        await fixture.RestartAsync();
        producer = await fixture.ProduceAsync("a");

        producer.LastSequenceId.ShouldBe(19);
        (await BrokerFixture.PublishAsync(producer, "19", 19)).ShouldBe(TestPublish.Repeated);
        await BrokerFixture.PublishAsync(producer, "20", 20);
        (await fixture.TextsAsync("a")).Count.ShouldBe(21);
    }

    [Fact]
    public async Task A_batch_that_was_published_in_part_is_refused_and_not_lost_in_silence()
    {
        await using var fixture = await BrokerFixture.StartAsync(Deduplicating);
        var producer = await fixture.ProduceAsync("a");
        await BrokerFixture.PublishAsync(producer, "3", 3);
        var batch = new TestPublish { Data = BrokerFixture.Entry(producer, "2-4", 2).Data, SequenceId = 2, HighestSequenceId = 4, Messages = 3 };

        producer.Publish(batch);

        (await Should.ThrowAsync<ProblemException>(batch.End)).Problem.Slug.ShouldBe("invalid-request");
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_and_the_next_one_is_published()
    {
        await using var fixture = await BrokerFixture.StartAsync(With(new TopicPolicies { MaxMessageBytes = 1000 }));
        var producer = await fixture.ProduceAsync("a");

        (await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(producer, new string('x', 100_000)))).Problem.Slug.ShouldBe("message-too-large");
        await BrokerFixture.PublishAsync(producer, "small");

        (await fixture.TextsAsync("a")).ShouldBe(["small"]);
    }

    [Fact]
    public async Task An_exclusive_producer_keeps_others_out_and_knows_its_epoch_again()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var first = await fixture.ProduceAsync("a", "first", access: ProducerAccess.Exclusive);
        first.TopicEpoch.ShouldBe(0);

        (await Should.ThrowAsync<ProblemException>(() => fixture.ProduceAsync("a", "second"))).Problem.Slug.ShouldBe("producer-busy");
        (await Should.ThrowAsync<ProblemException>(() => fixture.ProduceAsync("a", "second", access: ProducerAccess.Exclusive))).Problem.Slug.ShouldBe("producer-fenced");
        await fixture.RestartAsync();

        (await fixture.ProduceAsync("a", "first", access: ProducerAccess.Exclusive, epoch: 0)).TopicEpoch.ShouldBe(0);
    }

    [Fact]
    public async Task A_producer_that_was_fenced_does_not_come_back()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var sink = new TestProducerSink();
        var old = await fixture.ProduceAsync("a", "old", sink, ProducerAccess.Exclusive);
        var taker = await fixture.ProduceAsync("a", "taker", access: ProducerAccess.ExclusiveWithFencing);

        taker.TopicEpoch.ShouldBe(old.TopicEpoch + 1);
        (await sink.WhenClosed.WaitAsync(Cancellation)).ShouldBe(CloseReason.Moved);
        (await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(old, "too late"))).Problem.Slug.ShouldBe("producer-fenced");
        taker.Detach();

        (await Should.ThrowAsync<ProblemException>(() => fixture.ProduceAsync("a", "old", access: ProducerAccess.Exclusive, epoch: old.TopicEpoch))).Problem.Slug.ShouldBe("producer-fenced");
    }

    [Fact]
    public async Task Who_waits_for_exclusive_access_gets_it_when_the_others_are_gone()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var first = await fixture.ProduceAsync("a", "first");
        TestProducerSink secondSink = new(), thirdSink = new();
        var second = await fixture.ProduceAsync("a", "second", secondSink, ProducerAccess.WaitForExclusive);
        var third = await fixture.ProduceAsync("a", "third", thirdSink, ProducerAccess.WaitForExclusive);
        second.IsAdmitted.ShouldBeFalse();

        first.Detach();
        await secondSink.WhenAdmitted.WaitAsync(Cancellation);
        thirdSink.WhenAdmitted.IsCompleted.ShouldBeFalse();
        await BrokerFixture.PublishAsync(second, "from the second");

        second.Detach();
        await thirdSink.WhenAdmitted.WaitAsync(Cancellation);
        third.TopicEpoch.ShouldBe(second.TopicEpoch + 1);
    }

    [Fact]
    public async Task A_name_is_one_producers_at_a_time_and_a_newer_connection_takes_it_over()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var topic = await fixture.GetAsync("a");
        await topic.ProduceAsync(new ProducerOptions { Name = "p", IsNameOfUser = true }, new TestProducerSink(), Cancellation);

        (await Should.ThrowAsync<ProblemException>(async () => await topic.ProduceAsync(new ProducerOptions { Name = "p", IsNameOfUser = true }, new TestProducerSink(), Cancellation)))
            .Problem.Slug.ShouldBe("producer-busy");
        await topic.ProduceAsync(new ProducerOptions { Name = "p", IsNameOfUser = true, Epoch = 1 }, new TestProducerSink(), Cancellation);

        topic.IsInUse.ShouldBeTrue();
    }

    [Fact]
    public async Task A_producer_with_too_much_on_its_way_is_backed_up_until_that_is_on_disk()
    {
        await using var fixture = await BrokerFixture.StartAsync(BrokerFixture.Quiet with { MaxPendingBytesOfProducer = 100_000 });
        var producer = await fixture.ProduceAsync("a");
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        producer.Drained += () => drained.TrySetResult();
        var filler = new string('x', 10_000);
        var ends = new List<Task>();
        while (!producer.IsBackedUp)
        {
            ends.Add(BrokerFixture.PublishAsync(producer, filler));
        }

        await drained.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
        await Task.WhenAll(ends);
        producer.IsBackedUp.ShouldBeFalse();
    }

    [Fact]
    public async Task A_rate_of_publishing_backs_producers_up_until_it_allows_more()
    {
        await using var fixture = await BrokerFixture.StartAsync(With(new TopicPolicies { PublishRate = new RateLimit(100, 0) }));
        var producer = await fixture.ProduceAsync("a");
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        producer.Drained += () => drained.TrySetResult();
        await Task.WhenAll(Enumerable.Range(0, 150).Select(i => BrokerFixture.PublishAsync(producer, $"{i}")));

        producer.IsBackedUp.ShouldBeTrue();
        await drained.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
        producer.IsBackedUp.ShouldBeFalse();
    }

    [Fact]
    public async Task Who_goes_while_it_is_let_in_does_not_keep_others_out()
    {
        await using var fixture = await BrokerFixture.OpenAsync();
        await using var metadata = new HeldMetadata(fixture.Metadata);
        await using var broker = new TopicBroker(fixture.Store, metadata, new SingleNodeLink(NodeName.Single), fixture.Options, fixture.Time, NullLoggerFactory.Instance);
        await broker.OpenAsync(BrokerFixture.Cancellation);
        var topic = await broker.GetAsync(BrokerFixture.Name("t"), TopicCreation.Always, BrokerFixture.Cancellation);
        var first = await topic.ProduceAsync(new ProducerOptions { Access = ProducerAccess.Exclusive }, new TestProducerSink(), BrokerFixture.Cancellation);
        var second = await topic.ProduceAsync(new ProducerOptions { Access = ProducerAccess.WaitForExclusive }, new TestProducerSink(), BrokerFixture.Cancellation);
        var sink = new TestProducerSink();
        await topic.ProduceAsync(new ProducerOptions { Access = ProducerAccess.WaitForExclusive }, sink, BrokerFixture.Cancellation);

        metadata.Hold();
        first.Detach();
        await metadata.WhenHeld.WaitAsync(BrokerFixture.Cancellation);
        second.Detach();
        metadata.Release();

        await sink.WhenAdmitted.WaitAsync(TimeSpan.FromSeconds(20), BrokerFixture.Cancellation);
    }
}
