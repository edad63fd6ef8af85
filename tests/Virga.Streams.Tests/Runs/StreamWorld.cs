using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;
using Virga.Streams.Api;
using Virga.Streams.Lanes;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Messages;
using Virga.Topics.Metadata.Sqlite;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Streams.Tests.Runs;

/// <summary>Stream functions over a real broker with files in a folder of its own; the function is here in the test.</summary>
internal sealed class StreamWorld : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-streams-").FullName;
    private readonly SingleNodeLink _link = new(NodeName.Single);
    private SegmentLedgerStore _ledgers = null!;
    private SqliteTopicMetadata _metadata = null!;

    private StreamWorld()
    {
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public TopicBroker Broker { get; private set; } = null!;

    public TopicClient Topics { get; private set; } = null!;

    public ScriptedFunction Function { get; } = new();

    public TestStreams Streams { get; } = new();

    public StreamEngine Engine { get; private set; } = null!;

    public static async Task<StreamWorld> StartAsync()
    {
        var world = new StreamWorld();
        world._metadata = new SqliteTopicMetadata(Path.Combine(world._folder, "topics.db"));
        await world._metadata.OpenAsync(Cancellation);
        world._ledgers = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = Path.Combine(world._folder, "ledgers") }, NullLogger<SegmentLedgerStore>.Instance);
        await world._ledgers.OpenAsync(Cancellation);
        world.Broker = new TopicBroker(world._ledgers, world._metadata, world._link, new TopicBrokerOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        await world.Broker.OpenAsync(Cancellation);
        world.Topics = new TopicClient(world.Broker, world._link, new Random(7), TimeProvider.System, NullLoggerFactory.Instance);
        world.StartEngine();
        return world;
    }

    /// <summary>Breaks off all that is under way, and begins again.</summary>
    public async Task RestartEngineAsync()
    {
        await Engine.DisposeAsync();
        StartEngine();
    }

    /// <summary>A stream from <c>in</c> to <c>out</c> that begins with the first message.</summary>
    public void Put(Func<StreamSpec, StreamSpec>? change = null, string name = "s")
    {
        var spec = new StreamSpec { Inputs = ["in"], Function = "f", Output = "out", From = TopicStart.Earliest };
        Streams.Put(name, change is null ? spec : change(spec));
    }

    public async Task PublishAsync(string payload, string? key = null, string topic = "in", DateTimeOffset? at = null) =>
        await Topics.PublishAsync(TopicName.Parse(topic), new OutgoingMessage { Payload = Encoding.UTF8.GetBytes(payload), Key = key, EventAt = at }, Cancellation);

    /// <summary>Publishes texts one after the other, many to an entry.</summary>
    public async Task PublishManyAsync(IEnumerable<(string Payload, string? Key)> messages, string topic = "in")
    {
        await using var publisher = await Topics.PublisherAsync(TopicName.Parse(topic), new PublisherOptions { Batching = new BatchingOptions(), MaxPending = 100_000 }, Cancellation);
        var publishing = new List<Task>();
        foreach (var (payload, key) in messages)
        {
            publishing.Add(publisher.PublishAsync(new OutgoingMessage { Payload = Encoding.UTF8.GetBytes(payload), Key = key }, Cancellation).AsTask());
        }

        await publisher.FlushAsync(Cancellation);
        await Task.WhenAll(publishing);
    }

    /// <summary>The first messages of a topic.</summary>
    public async Task<List<TopicMessage>> ReadAsync(string topic, int count)
    {
        await using var consumer = await ConsumeAsync(topic);
        var messages = new List<TopicMessage>();
        while (messages.Count < count)
        {
            messages.Add(await consumer.ReceiveAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation));
        }

        return messages;
    }

    /// <summary>All messages of a topic to which nothing is published any more.</summary>
    public async Task<List<TopicMessage>> ReadAllAsync(string topic)
    {
        // A last one, behind all others.
        await PublishAsync("the end", topic: topic);
        await using var consumer = await ConsumeAsync(topic);
        var messages = new List<TopicMessage>();
        while (await consumer.ReceiveAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation) is var message && Text(message) != "the end")
        {
            messages.Add(message);
        }

        return messages;
    }

    public Task<StreamStats> StatsAsync(string name = "s") => Engine.StatsAsync(TestStreams.Name(name), Cancellation);

    /// <summary>Waits until the stream has acknowledged everything.</summary>
    public Task DoneAsync(long received, string name = "s") => EventuallyAsync(
        async () => await StatsAsync(name) is { Lanes.Count: > 0 } stats && stats.Received >= received && stats.Lanes.All(static lane => lane is { State: LaneState.Running, Backlog: 0 }), async () => $"{await StatsAsync(name)}");

    public static async Task EventuallyAsync(Func<Task<bool>> condition, Func<Task<string>>? told = null)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!await condition())
        {
            (watch.Elapsed < Patience).ShouldBeTrue(told is null ? "It did not come about in time." : await told());
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    public static string Text(TopicMessage message) => Encoding.UTF8.GetString(message.Payload.Span);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await Topics.DisposeAsync();
        await Broker.DisposeAsync();
        await _ledgers.DisposeAsync();
        await _metadata.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private ValueTask<ITopicConsumer> ConsumeAsync(string topic) => Topics.SubscribeAsync(
        TopicSelection.Of(TopicName.Parse(topic)),
        new TopicConsumerOptions { Consumer = new ConsumerOptions { Subscription = SubscriptionName.Parse($"test-{Guid.NewGuid():n}"), Start = new MessageId(Position.Earliest) } },
        Cancellation);

    private void StartEngine()
    {
        Engine = new StreamEngine(Streams, Broker, Topics, Function, Function, _link, new Random(7), TimeProvider.System, NullLoggerFactory.Instance);
        Engine.Start();
    }
}
