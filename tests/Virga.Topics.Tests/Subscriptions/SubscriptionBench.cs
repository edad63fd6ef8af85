using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>A topic in a world of its own: its log and its metadata, subscriptions over them, and a clock that goes on when nothing is left to do.</summary>
internal sealed class SubscriptionBench
{
    private static readonly TimeSpan Limit = TimeSpan.FromHours(10);
    private readonly Random _random = new(1);
    private long _sequence;

    private SubscriptionBench(SimulatedWorld world, TopicName topic)
    {
        (World, Topic) = (world, topic);
        Time = new SimulatedTime(world, TimeSpan.Zero);
    }

    public SimulatedWorld World { get; }

    public TopicName Topic { get; }

    public SimulatedTime Time { get; }

    public MemoryLog Log { get; } = new();

    public MemoryLog? Compacted { get; set; }

    public MemoryMetadata Metadata { get; } = new();

    public DispatchOptions Limits { get; set; } = new();

    public List<Subscription> Open { get; } = [];

    public SubscriptionContext Context => new(Topic, Log, Metadata, Time, NullLogger.Instance, _random, Limits) { Queue = new WorldQueue(World), Compacted = Compacted };

    public static void Run(Func<SubscriptionBench, Task> program, string topic = "t")
    {
        var world = new SimulatedWorld(1);
        var bench = new SubscriptionBench(world, TopicName.Parse(topic));
        world.Run(() => program(bench), Limit);
        world.Failures.ShouldBeEmpty();
    }

    public static ConsumerOptions Options(string subscription, SubscriptionType type = SubscriptionType.Exclusive) => new()
    {
        Subscription = SubscriptionName.Parse(subscription),
        Type = type,
        Start = new MessageId(Position.Earliest),
    };

    /// <summary>Opens a subscription as it was left, or a new one that begins with the first message.</summary>
    public async Task<CursorSubscription> OpenAsync(string name = "s", ConsumerOptions? forNew = null)
    {
        var subscription = await CursorSubscription.OpenAsync(Context, SubscriptionName.Parse(name), forNew ?? Options(name), CancellationToken.None);
        Open.Add(subscription);
        return subscription;
    }

    public static TestConsumer Attach(Subscription subscription, ConsumerOptions options, int permits = 1000)
    {
        var sink = new TestConsumer();
        sink.Consumer = subscription.Attach(options, sink);
        if (permits > 0)
        {
            sink.Consumer.Permit(permits);
        }

        return sink;
    }

    public TestConsumer Attach(Subscription subscription, SubscriptionType type = SubscriptionType.Exclusive, int permits = 1000, string name = "", int priority = 0) =>
        Attach(subscription, Options(subscription.Name.Value, type) with { Name = name, Priority = priority }, permits);

    public Position Publish(string text, string? key = null, DateTimeOffset? deliverAt = null)
    {
        var message = new OutgoingMessage { Payload = Encoding.UTF8.GetBytes(text), Key = key, DeliverAt = deliverAt };
        return Append(MessageWriter.Write(message, "p", _sequence++, Time.GetUtcNow()));
    }

    public void PublishMany(int count, string? key = null)
    {
        for (var i = 0; i < count; i++)
        {
            Publish(i.ToString(System.Globalization.CultureInfo.InvariantCulture), key);
        }
    }

    public Position PublishBatch(int messages, string? key = null)
    {
        var batch = new List<OutgoingMessage>();
        for (var i = 0; i < messages; i++)
        {
            batch.Add(new OutgoingMessage { Payload = Encoding.UTF8.GetBytes($"{_sequence + i}"), Key = key });
        }

        var entry = MessageWriter.WriteBatch(batch, "p", _sequence, Time.GetUtcNow());
        _sequence += messages;
        return Append(entry);
    }

    public Position Append(byte[] entry)
    {
        var position = Log.Append(entry);
        foreach (var subscription in Open)
        {
            subscription.Appended();
        }

        return position;
    }

    /// <summary>The problem that something ends with; without leaving the world's thread, as assertion libraries do.</summary>
    public static async Task<Problem> ProblemAsync(ValueTask action)
    {
        try
        {
            await action;
        }
        catch (ProblemException e)
        {
            return e.Problem;
        }

        throw new ShouldAssertException("It should have ended with a problem.");
    }

    /// <summary>Lets everything come to rest that does not wait for the clock.</summary>
    public Task SettleAsync() => World.Pause(TimeSpan.FromMilliseconds(50));
}
