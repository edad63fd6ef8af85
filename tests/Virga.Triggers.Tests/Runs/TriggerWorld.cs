using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Messages;
using Virga.Topics.Metadata.Sqlite;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using Virga.Triggers.Runs;

namespace Virga.Triggers.Tests.Runs;

/// <summary>Triggers over a real broker with files in a folder of its own; the functions are here in the test.</summary>
internal sealed class TriggerWorld : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("virga-triggers-").FullName;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly SingleNodeLink _link = new(NodeName.Single);
    private SegmentLedgerStore _ledgers = null!;
    private SqliteTopicMetadata _metadata = null!;
    private TopicBroker _broker = null!;

    private TriggerWorld()
    {
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public TopicClient Topics { get; private set; } = null!;

    public TopicBroker Broker => _broker;

    public ScriptedFunctions Functions { get; } = new();

    public TestTriggers Triggers { get; } = new();

    public TriggerEngine Engine { get; private set; } = null!;

    public static async Task<TriggerWorld> StartAsync()
    {
        var world = new TriggerWorld();
        await world.OpenAsync();
        return world;
    }

    /// <summary>Ends the engine as a node that stops does, and begins another.</summary>
    public async Task RestartEngineAsync(TimeSpan? patience = null)
    {
        await Engine.StopAsync(patience ?? Patience);
        await Engine.DisposeAsync();
        StartEngine();
    }

    /// <summary>A trigger with short waits.</summary>
    public void Put(TopicSharing type = TopicSharing.Shared, Func<TriggerSpec, TriggerSpec>? change = null, string topic = "orders", string name = "handle")
    {
        var spec = new TriggerSpec
        {
            Source = new TriggerSource { Topic = new TopicSource { Topics = [topic], Type = type, From = TopicStart.Earliest } },
            Function = "handle",
            Retry = new TriggerRetry { Attempts = 3, Backoff = new TriggerBackoff { Initial = new Duration(TimeSpan.FromMilliseconds(10)), Max = new Duration(TimeSpan.FromMilliseconds(50)) } },
        };
        Triggers.Put(name, change is null ? spec : change(spec));
    }

    public async Task<MessageId> PublishAsync(string payload, string? key = null, string topic = "orders", params KeyValuePair<string, string>[] properties) =>
        await Topics.PublishAsync(TopicName.Parse(topic), new OutgoingMessage { Payload = Encoding.UTF8.GetBytes(payload), Key = key, Properties = properties }, Cancellation);

    public async Task PublishAllAsync(IEnumerable<(string Payload, string? Key)> messages)
    {
        var publishing = new List<Task<MessageId>>();
        foreach (var (payload, key) in messages)
        {
            publishing.Add(PublishAsync(payload, key));
        }

        await Task.WhenAll(publishing);
    }

    /// <summary>The next messages of a topic, from its beginning.</summary>
    public async Task<List<TopicMessage>> ReadAsync(string topic, int count)
    {
        await using var consumer = await Topics.SubscribeAsync(
            TopicSelection.Of(TopicName.Parse(topic)),
            new TopicConsumerOptions { Consumer = new ConsumerOptions { Subscription = SubscriptionName.Parse($"test-{Guid.NewGuid():n}"), Start = new MessageId(Position.Earliest) } },
            Cancellation);
        var messages = new List<TopicMessage>();
        while (messages.Count < count)
        {
            messages.Add(await consumer.ReceiveAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation));
        }

        return messages;
    }

    public TriggerFigures Figures(string name = "handle") => Engine.FiguresOf(TestTriggers.Name(name)) ?? throw new InvalidOperationException($"There is no trigger '{name}'.");

    /// <summary>Waits until all that was published is dealt with.</summary>
    public Task DoneAsync(int messages, string name = "handle") => EventuallyAsync(
        () => Engine.FiguresOf(TestTriggers.Name(name)) is { } figures && figures.Handled + figures.DeadLetters >= messages && figures is { Held: 0, InFlight: 0 },
        () => $"{Engine.FiguresOf(TestTriggers.Name(name))}");

    public static async Task EventuallyAsync(Func<bool> condition, Func<string>? told = null)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            (watch.Elapsed < Patience).ShouldBeTrue(told?.Invoke() ?? "It did not come about in time.");
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await Topics.DisposeAsync();
        await _broker.DisposeAsync();
        await _ledgers.DisposeAsync();
        await _metadata.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        _metadata = new SqliteTopicMetadata(Path.Combine(_folder, "topics.db"));
        await _metadata.OpenAsync(Cancellation);
        _ledgers = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = Path.Combine(_folder, "ledgers") }, NullLogger<SegmentLedgerStore>.Instance);
        await _ledgers.OpenAsync(Cancellation);
        _broker = new TopicBroker(_ledgers, _metadata, _link, new TopicBrokerOptions(), _time, NullLoggerFactory.Instance);
        await _broker.OpenAsync(Cancellation);
        Topics = new TopicClient(_broker, _link, new Random(7), _time, NullLoggerFactory.Instance);
        StartEngine();
    }

    private void StartEngine()
    {
        Engine = new TriggerEngine(Triggers, Functions, Functions, Topics, _link, new Random(7), _time, NullLoggerFactory.Instance);
        Engine.Start();
    }
}
