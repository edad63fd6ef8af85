using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using Virga.Topics.Tests.Brokers;
using static Virga.Topics.Tests.Clients.ClientFixture;

namespace Virga.Topics.Tests.Clients;

/// <summary>Publishing to and consuming topics that another node owns.</summary>
public sealed class OtherNodeTests : IAsyncLifetime
{
    private readonly QueuedLink _here;
    private readonly QueuedLink _there;
    private BrokerFixture _brokers = null!;
    private TopicBroker _owner = null!;
    private TopicClient _client = null!;
    private TopicClient _clientOfOwner = null!;
    private TopicName _topic;

    public OtherNodeTests() => (_here, _there) = QueuedLink.Pair();

    public async ValueTask InitializeAsync()
    {
        _brokers = await BrokerFixture.OpenAsync();
        var broker = await _brokers.AddAsync(_here);
        _owner = await _brokers.AddAsync(_there);
        _client = new TopicClient(broker, _here, new Random(1), TimeProvider.System, NullLoggerFactory.Instance);
        _clientOfOwner = new TopicClient(_owner, _there, new Random(2), TimeProvider.System, NullLoggerFactory.Instance);
        _topic = Enumerable.Range(0, 1000).Select(static i => Name($"t-{i}")).First(_owner.IsMine);
        broker.IsMine(_topic).ShouldBeFalse();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _clientOfOwner.DisposeAsync();
        await _brokers.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task Messages_are_published_consumed_and_acknowledged()
    {
        for (var i = 0; i < 10; i++)
        {
            await _client.PublishAsync(_topic, Message($"{i}"), Cancellation);
        }

        await using (var consumer = await SubscribeAsync(Subscription("s")))
        {
            (await ConsumeAsync(consumer, 10)).ShouldBe(Enumerable.Range(0, 10).Select(static i => $"{i}"));
            await consumer.AcknowledgedAsync(Cancellation);
        }

        var topic = await _owner.GetAsync(_topic, TopicCreation.Never, Cancellation);
        topic.Find(SubscriptionName.Parse("s"))!.Backlog.ShouldBe(0);
        await UntilAsync(() => !topic.Find(SubscriptionName.Parse("s"))!.HasConsumers);
    }

    [Fact]
    public async Task A_topic_that_this_node_has_published_to_can_be_deleted_and_does_not_come_back()
    {
        await _client.PublishAsync(_topic, Message("a"), Cancellation);
        await _owner.DeleteAsync(_topic, force: false, Cancellation);

        // Refused if the publisher had made it anew.
        await _owner.CreateAsync(_topic, 0, Cancellation);
        await _client.PublishAsync(_topic, Message("b"), Cancellation);
    }

    [Fact]
    public async Task A_rejected_message_comes_again_and_a_seek_goes_back()
    {
        await _client.PublishAsync(_topic, Message("a"), Cancellation);
        var second = await _client.PublishAsync(_topic, Message("b"), Cancellation);
        await using var consumer = await SubscribeAsync(Subscription("s", SubscriptionType.Shared));
        var messages = await TakeAsync(consumer, 2);
        consumer.Acknowledge(messages[1]);
        consumer.Reject(messages[0]);
        (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);
        await consumer.AcknowledgedAsync(Cancellation);

        await consumer.SeekAsync(_topic, second, Cancellation);

        (await ConsumeAsync(consumer, 1)).ShouldBe(["b"]);
    }

    [Fact]
    public async Task A_refusal_of_the_owner_is_the_callers()
    {
        await using var first = await SubscribeAsync(Subscription("s"));

        (await Should.ThrowAsync<ProblemException>(async () => await SubscribeAsync(Subscription("s")))).Problem.Slug.ShouldBe("consumer-busy");
    }

    [Fact]
    public async Task A_producer_whose_topic_is_long_in_opening_is_attached_once_it_is_open()
    {
        await _client.PublishAsync(_topic, Message("before"), Cancellation);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _here.Answering = open.Task;
        await (await _owner.GetAsync(_topic, TopicCreation.Never, Cancellation)).UnloadAsync(Cancellation);
        await UntilAsync(() => _here.Held == 1);

        // Both sides compare what they have, and the owner knows of no such producer yet.
        _here.Break();
        await UntilAsync(() => _here.IsIdle && _there.IsIdle);
        open.SetResult();

        await _client.PublishAsync(_topic, Message("after"), Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_is_lost_or_out_of_order_however_often_the_connection_breaks(int seed)
    {
        var random = new Random(seed);
        const int count = 400;
        await using var consumer = await SubscribeAsync(Subscription("s"));
        await using var publisher = await _client.PublisherAsync(_topic, new PublisherOptions { Name = "p", Batching = new BatchingOptions { MaxMessages = 7 } }, Cancellation);
        var publishing = Enumerable.Range(0, count).Select(i => publisher.PublishAsync(Message($"{i}"), Cancellation).AsTask()).ToList();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var breaking = Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    (random.Next(2) == 0 ? _here : _there).Break();
                    await Task.Delay(random.Next(1, 40), stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            },
            Cancellation);

        var seen = new List<int>();
        while (seen.Distinct().Count() < count)
        {
            var message = (await TakeAsync(consumer, 1))[0];
            seen.Add(int.Parse(TextOf(message), CultureInfo.InvariantCulture));
            consumer.Acknowledge(message);
        }

        await stop.CancelAsync();
        await breaking;
        await Task.WhenAll(publishing);
        seen.Distinct().ShouldBe(Enumerable.Range(0, count), $"seed {seed}");
    }

    [Fact]
    public async Task When_the_other_node_takes_over_its_consumers_are_let_go_of_and_publishers_go_on_here()
    {
        await using var consumer = await SubscribeAsync(Subscription("s"));
        await _client.PublishAsync(_topic, Message("there"), Cancellation);
        (await ConsumeAsync(consumer, 1)).ShouldBe(["there"]);
        await consumer.AcknowledgedAsync(Cancellation);

        // The owner is gone for this node, and this node for the owner: each serves what it owns then.
        _there.See(_there.Self);
        _here.See(_here.Self);

        await _client.PublishAsync(_topic, Message("here"), Cancellation);
        (await ConsumeAsync(consumer, 1)).ShouldBe(["here"]);
    }

    [Fact]
    public async Task Topics_of_other_nodes_are_looked_after_as_ones_own()
    {
        await _client.PublishAsync(_topic, Message("a"), Cancellation);
        var admin = _client.Administration;
        await admin.CreateSubscriptionAsync(_topic, SubscriptionName.Parse("s"), new MessageId(Position.Earliest), null, Cancellation);

        var stats = await admin.StatsAsync(_topic, Cancellation);
        stats["owner"]!.GetValue<string>().ShouldBe("node-b");
        stats["subscriptions"]![0]!["backlog"]!.GetValue<double>().ShouldBe(1);
        (await admin.PeekAsync(_topic, SubscriptionName.Parse("s"), null, 10, Cancellation)).Count.ShouldBe(1);

        await admin.SkipAsync(_topic, SubscriptionName.Parse("s"), null, Cancellation);
        (await admin.PeekAsync(_topic, SubscriptionName.Parse("s"), null, 10, Cancellation)).ShouldBeEmpty();
        await admin.DeleteSubscriptionAsync(_topic, SubscriptionName.Parse("s"), force: false, Cancellation);
        (await Should.ThrowAsync<ProblemException>(async () => await admin.DeleteSubscriptionAsync(_topic, SubscriptionName.Parse("s"), force: false, Cancellation))).Problem.Slug.ShouldBe("not-found");
    }

    private ValueTask<ITopicConsumer> SubscribeAsync(TopicConsumerOptions options) => _client.SubscribeAsync(TopicSelection.Of(_topic), options, Cancellation);
}
