using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Ledgers.RabbitMq;
using Virga.Topics.Messages;
using Virga.Topics.Metadata.Postgres;
using Virga.Topics.Publishing;
using Virga.Topics.Tests.Ledgers.RabbitMq;
using Virga.Topics.Tests.Metadata;

namespace Virga.Topics.Tests.Brokers;

/// <summary>Brokers of several nodes over what a cluster shares: a real RabbitMQ and a real PostgreSQL, with connections of its own for each node.</summary>
public sealed class SharedBrokerTests(RabbitMqFixture rabbit, PostgresFixture postgres) : IClassFixture<RabbitMqFixture>, IClassFixture<PostgresFixture>
{
    private readonly string _prefix = $"test-{Guid.NewGuid():n}.";
    private string? _database;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_topic_goes_from_node_to_node_with_all_its_messages()
    {
        var links = TestLink.Connect("a", "b");
        await using var a = await StartAsync(links[0]);
        await using var b = await StartAsync(links[1]);
        links[0].See(links[0]);
        links[1].See(links[1]);
        var expected = new List<string>();
        for (var round = 0; round < 4; round++)
        {
            var topic = await (round % 2 == 0 ? a : b).Broker.GetAsync(BrokerFixture.Name("t"), TopicCreation.Always, Cancellation);
            var producer = await topic.ProduceAsync(new ProducerOptions(), new TestProducerSink(), Cancellation);
            for (var i = 0; i < 5; i++)
            {
                expected.Add($"{round}/{i}");
                await BrokerFixture.PublishAsync(producer, expected[^1]);
            }

            (await TextsAsync(topic)).ShouldBe(expected);
            await topic.UnloadAsync(Cancellation);
        }
    }

    [Fact]
    public async Task Of_two_nodes_that_both_think_they_own_a_topic_neither_loses_what_it_has_acknowledged()
    {
        const int wanted = 40;
        var links = TestLink.Connect("a", "b", "c");
        await using var a = await StartAsync(links[0]);
        await using var b = await StartAsync(links[1]);
        foreach (var link in links)
        {
            link.See(link);
        }

        var acknowledged = new ConcurrentQueue<int>[] { new(), new() };
        await Task.WhenAll(
            PublishAsync(a.Broker, "a", acknowledged[0], () => acknowledged[0].Count >= wanted && acknowledged[1].Count >= wanted),
            PublishAsync(b.Broker, "b", acknowledged[1], () => acknowledged[0].Count >= wanted && acknowledged[1].Count >= wanted));

        await using var c = await StartAsync(links[2]);
        var texts = await TextsAsync(await c.Broker.GetAsync(BrokerFixture.Name("t"), TopicCreation.Never, Cancellation));
        texts.ShouldBeUnique();
        foreach (var (name, numbers) in new[] { ("a", acknowledged[0]), ("b", acknowledged[1]) })
        {
            var kept = texts.Where(text => text.StartsWith(name, StringComparison.Ordinal)).Select(text => int.Parse(text.AsSpan(1), CultureInfo.InvariantCulture)).ToList();
            kept.ShouldBeInOrder(SortDirection.Ascending, $"the messages of {name} are in their order");
            numbers.Except(kept).ShouldBeEmpty($"messages of {name} that were acknowledged are lost");
        }
    }

    // Each text once: what was not acknowledged is not sent again, and may be there or not.
    private static async Task PublishAsync(TopicBroker broker, string name, ConcurrentQueue<int> acknowledged, Func<bool> isDone)
    {
        for (var number = 0; !isDone();)
        {
            try
            {
                var topic = await broker.GetAsync(BrokerFixture.Name("t"), TopicCreation.Always, Cancellation);
                var producer = await topic.ProduceAsync(new ProducerOptions(), new TestProducerSink(), Cancellation);
                while (!isDone())
                {
                    var pending = Enumerable.Range(number, 3).Select(one => (one, Task: BrokerFixture.PublishAsync(producer, $"{name}{one}", one))).ToList();
                    number += pending.Count;
                    foreach (var (one, task) in pending)
                    {
                        await task;
                        acknowledged.Enqueue(one);
                    }
                }
            }
            catch (ProblemException)
            {
                // The other one has taken the topic: this one takes it back.
                continue;
            }
        }
    }

    private static async Task<IReadOnlyList<string>> TextsAsync(Topic topic) =>
        [.. (await topic.PeekAsync(Position.Earliest, int.MaxValue, Cancellation)).Select(static entry => BrokerFixture.TextOf(entry.Data))];

    private async Task<Node> StartAsync(TestLink link)
    {
        _database ??= await postgres.Server.CreateDatabaseAsync();
        var metadata = new PostgresTopicMetadata(_database);
        await metadata.OpenAsync(Cancellation);
        var ledgers = new RabbitMqLedgerStore(new RabbitMqLedgerOptions { Url = rabbit.Server.Url, QueuePrefix = _prefix }, metadata, TimeProvider.System);
        await ledgers.OpenAsync(Cancellation);
        var broker = new TopicBroker(ledgers, metadata, link, BrokerFixture.Quiet, TimeProvider.System, NullLoggerFactory.Instance);
        await broker.OpenAsync(Cancellation);
        return new Node(broker, ledgers, metadata);
    }

    private sealed record Node(TopicBroker Broker, RabbitMqLedgerStore Ledgers, PostgresTopicMetadata Metadata) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Broker.DisposeAsync();
            await Ledgers.DisposeAsync();
            await Metadata.DisposeAsync();
        }
    }
}
