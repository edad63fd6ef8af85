using System.Text;
using Virga.Topics.Brokers;
using Virga.Topics.Compaction;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;
using Virga.Topics.Tests.Brokers;

namespace Virga.Topics.Tests.Compaction;

public sealed class CompactionTests
{
    private readonly ManualTime _time = new();
    private int _readers;

    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    [Fact]
    public async Task Of_each_key_the_last_message_is_left_in_its_place_and_the_rest_follows()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.ProduceAsync("t");
        foreach (var (key, text) in new[] { ("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("b", "5") })
        {
            await BrokerFixture.PublishAsync(producer, text, key: key);
        }

        var topic = await fixture.GetAsync("t");
        await topic.CompactAsync(Cancellation);
        await BrokerFixture.PublishAsync(producer, "6", key: "a");

        (await ReadAsync(topic, isCompacted: true, 4)).ShouldBe(["3", "4", "5", "6"]);
        (await ReadAsync(topic, isCompacted: false, 6)).ShouldBe(["1", "2", "3", "4", "5", "6"]);
        (topic.Compaction.State, topic.Compaction.Entries).ShouldBe((CompactionState.Done, 3));
    }

    [Fact]
    public async Task A_key_is_dropped_by_a_message_without_a_payload_and_messages_without_a_key_stay()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.ProduceAsync("t");
        foreach (var (key, text) in new[] { ("a", "1"), (null, "2"), ("b", "3"), ("a", ""), (null, "4") })
        {
            await BrokerFixture.PublishAsync(producer, text, key: key);
        }

        var topic = await fixture.GetAsync("t");
        await topic.CompactAsync(Cancellation);

        (await ReadAsync(topic, isCompacted: true, 3)).ShouldBe(["2", "3", "4"]);
    }

    [Theory]
    [InlineData(MessageCompression.None)]
    [InlineData(MessageCompression.Lz4)]
    [InlineData(MessageCompression.Zstd)]
    public async Task Of_a_batch_the_messages_that_are_left_keep_their_numbers(MessageCompression compression)
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.ProduceAsync("t");
        var batch = await PublishBatchAsync(producer, compression, ("a", "1"), ("b", "2"), ("c", "3"));
        await BrokerFixture.PublishAsync(producer, "4", key: "b");

        var topic = await fixture.GetAsync("t");
        await topic.CompactAsync(Cancellation);

        var messages = await MessagesAsync(topic, isCompacted: true, 3);
        messages.Select(static message => Encoding.UTF8.GetString(message.Payload.Span)).ShouldBe(["1", "3", "4"]);
        messages.Take(2).Select(static message => message.Id).ShouldBe([new MessageId(batch, -1, 0), new MessageId(batch, -1, 2)]);
    }

    [Fact]
    public async Task What_was_compacted_is_read_after_the_topic_itself_was_trimmed_and_is_compacted_again()
    {
        await using var fixture = await StartAsync();
        var topic = await fixture.GetAsync("t");
        await topic.CreateSubscriptionAsync(SubscriptionName.Parse("s"), new MessageId(Position.Earliest), [], Cancellation);
        var producer = await fixture.ProduceAsync("t");
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 20; i++)
            {
                await BrokerFixture.PublishAsync(producer, $"{round}-{i}", key: $"{i % (round + 4)}");
            }

            await topic.CompactAsync(Cancellation);
            await topic.Find(SubscriptionName.Parse("s"))!.ClearAsync(Cancellation);
            await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);
        }

        topic.Log!.Chain.Entries.ShouldBeLessThan(20);
        (await ReadAsync(topic, isCompacted: true, 6)).ShouldBe(["2-14", "2-15", "2-16", "2-17", "2-18", "2-19"]);
        await fixture.RestartAsync();
        (await ReadAsync(await fixture.GetAsync("t"), isCompacted: true, 6)).Count.ShouldBe(6);

        await LedgersAreNamedAsync(fixture, await fixture.GetAsync("t"));
    }

    [Fact]
    public async Task A_topic_of_which_nothing_is_left_is_read_to_its_end()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "1", key: "a");
        await BrokerFixture.PublishAsync(producer, "", key: "a");
        var topic = await fixture.GetAsync("t");
        await topic.CompactAsync(Cancellation);
        await BrokerFixture.PublishAsync(producer, "2", key: "b");

        (await ReadAsync(topic, isCompacted: true, 1)).ShouldBe(["2"]);
        topic.Compaction.Entries.ShouldBe(0);
    }

    [Fact]
    public async Task A_topic_is_compacted_by_itself_when_so_much_is_new()
    {
        await using var fixture = await StartAsync(new Policies.TopicPolicies { CompactionThresholdBytes = 1000 });
        var producer = await fixture.ProduceAsync("t");
        for (var i = 0; i < 50; i++)
        {
            await BrokerFixture.PublishAsync(producer, $"{i}", key: "a");
        }

        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);
        var topic = await fixture.GetAsync("t");
        await topic.CompactAsync(Cancellation);

        (topic.Compaction.State, topic.Compaction.Entries).ShouldBe((CompactionState.Done, 1));
        (await ReadAsync(topic, isCompacted: true, 1)).ShouldBe(["49"]);
    }

    [Fact]
    public async Task A_truncated_topic_has_nothing_left_and_goes_on()
    {
        await using var fixture = await StartAsync();
        var topic = await fixture.GetAsync("t");
        await topic.CreateSubscriptionAsync(SubscriptionName.Parse("s"), new MessageId(Position.Earliest), [], Cancellation);
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "1", key: "a");
        await topic.CompactAsync(Cancellation);

        await topic.TruncateAsync(Cancellation);

        (await fixture.TextsAsync("t")).ShouldBeEmpty();
        topic.Find(SubscriptionName.Parse("s"))!.Backlog.ShouldBe(0);
        await BrokerFixture.PublishAsync(producer, "2", key: "a");
        (await fixture.TextsAsync("t")).ShouldBe(["2"]);
        topic.Find(SubscriptionName.Parse("s"))!.Backlog.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_truncated_while_it_is_compacted_does_not_come_back(bool isCompactedBefore)
    {
        FaultyStore store = null!;
        await using var fixture = await BrokerFixture.StartAsync(BrokerFixture.Quiet, _time, over: ledgers => store = new FaultyStore(ledgers));
        var topic = await fixture.GetAsync("t");
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "1", key: "a");
        if (isCompactedBefore)
        {
            await topic.CompactAsync(Cancellation);
        }

        await BrokerFixture.PublishAsync(producer, "2", key: "b");

        // The ledger that is closed next is the compacted one: all has been read and copied by then.
        store.BeforeClose = () => topic.TruncateAsync(Cancellation).AsTask();
        await topic.CompactAsync(Cancellation);
        store.BeforeClose.ShouldBeNull();
        await BrokerFixture.PublishAsync(producer, "3", key: "c");

        (await ReadAsync(topic, isCompacted: true, 1)).ShouldBe(["3"]);
        topic.Compaction.State.ShouldBe(CompactionState.Done);
        await topic.CompactAsync(Cancellation);
        await BrokerFixture.PublishAsync(producer, "4", key: "a");
        (await ReadAsync(topic, isCompacted: true, 2)).ShouldBe(["3", "4"]);
        await LedgersAreNamedAsync(fixture, topic);
    }

    // Only the ledgers that somebody reads are there: those of the topic, and the last compacted one.
    private static async Task LedgersAreNamedAsync(BrokerFixture fixture, Topic topic)
    {
        var ledgers = 0;
        await foreach (var _ in fixture.Ledgers.ListAsync(Cancellation))
        {
            ledgers++;
        }

        ledgers.ShouldBe(topic.Log!.Record.Ledgers.Count + 1);
    }

    private Task<BrokerFixture> StartAsync(Policies.TopicPolicies? policies = null) =>
        BrokerFixture.StartAsync(BrokerFixture.Quiet with { Policies = policies ?? new(), Logs = new TopicLogOptions { MaxLedgerEntries = 5 } }, _time);

    private static async Task<Position> PublishBatchAsync(Producer producer, MessageCompression compression, params (string Key, string Text)[] messages)
    {
        var batch = MessageWriter.WriteBatch(
            [.. messages.Select(static message => new OutgoingMessage { Key = message.Key, Payload = Encoding.UTF8.GetBytes(message.Text) })], producer.Name, 0, TimeProvider.System.GetUtcNow(), compression);
        var publish = new TestPublish { Data = batch, HighestSequenceId = messages.Length - 1, Messages = messages.Length };
        producer.Publish(publish);
        return await publish.End;
    }

    private async Task<IReadOnlyList<string>> ReadAsync(Topic topic, bool isCompacted, int count) =>
        [.. (await MessagesAsync(topic, isCompacted, count)).Select(static message => Encoding.UTF8.GetString(message.Payload.Span))];

    // A reader from the beginning; there must be no more than it says.
    private async Task<IReadOnlyList<TopicMessage>> MessagesAsync(Topic topic, bool isCompacted, int count)
    {
        var sink = new TestConsumerSink();
        var options = new ConsumerOptions { Subscription = SubscriptionName.Parse($"reader-{_readers++}"), IsDurable = false, Start = new MessageId(Position.Earliest), ReadCompacted = isCompacted };
        var consumer = await topic.SubscribeAsync(options, sink, Cancellation);
        consumer.Permit(1000);
        var messages = new List<TopicMessage>();
        while (messages.Count < count)
        {
            messages.Add(await sink.ReceiveAsync());
        }

        sink.HasMore.ShouldBeFalse();
        consumer.Detach();
        return messages;
    }
}
