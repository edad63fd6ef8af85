using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using Virga.Topics.Tests.Brokers;

namespace Virga.Topics.Tests.Clients;

/// <summary>A client over a broker of its own, and what tests do with it in the words of a user.</summary>
internal sealed class ClientFixture : IAsyncDisposable
{
    private ClientFixture(BrokerFixture brokers, TopicClient client) => (Brokers, Client) = (brokers, client);

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public BrokerFixture Brokers { get; }

    public TopicBroker Broker => Brokers.Broker;

    public TopicClient Client { get; }

    public static async Task<ClientFixture> StartAsync()
    {
        var link = new SingleNodeLink(NodeName.Single);
        var brokers = await BrokerFixture.OpenAsync();
        var broker = await brokers.AddAsync(link);
        return new ClientFixture(brokers, new TopicClient(broker, link, new Random(1), TimeProvider.System, NullLoggerFactory.Instance));
    }

    public static TopicName Name(string text) => TopicName.Parse(text);

    public static OutgoingMessage Message(string text, string? key = null) => new() { Payload = Encoding.UTF8.GetBytes(text), Key = key };

    public static string TextOf(TopicMessage message) => Encoding.UTF8.GetString(message.Payload.Span);

    public static TopicConsumerOptions Subscription(string name, SubscriptionType type = SubscriptionType.Exclusive) => new()
    {
        Consumer = new ConsumerOptions { Subscription = SubscriptionName.Parse(name), Type = type, Start = new MessageId(Position.Earliest) },
        Rejected = new RedeliveryDelay { First = TimeSpan.FromMilliseconds(20), Longest = TimeSpan.FromMilliseconds(50) },
    };

    public async Task PublishAsync(string topic, params string[] texts)
    {
        foreach (var text in texts)
        {
            await Client.PublishAsync(Name(topic), Message(text), Cancellation);
        }
    }

    /// <summary>Publishes one batch.</summary>
    public async Task PublishBatchAsync(string topic, MessageCompression compression, params string[] texts)
    {
        await using var publisher = await Client.PublisherAsync(
            Name(topic), new PublisherOptions { Batching = new BatchingOptions { Delay = TimeSpan.FromMinutes(1) }, Compression = compression }, Cancellation);
        var publishing = texts.Select(text => publisher.PublishAsync(Message(text), Cancellation).AsTask()).ToList();
        await publisher.FlushAsync(Cancellation);
        var ids = await Task.WhenAll(publishing);
        ids.Select(static id => id.BatchIndex).ShouldBe(Enumerable.Range(0, texts.Length));
        ids.Select(static id => id.Position).Distinct().ShouldHaveSingleItem();
    }

    public ValueTask<ITopicConsumer> SubscribeAsync(string topic, TopicConsumerOptions options) => Client.SubscribeAsync(TopicSelection.Of(Name(topic)), options, Cancellation);

    /// <summary>The next so many messages.</summary>
    public static async Task<List<TopicMessage>> TakeAsync(ITopicConsumer consumer, int count)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        var messages = new List<TopicMessage>();
        while (messages.Count < count)
        {
            messages.Add(await consumer.ReceiveAsync(patience.Token));
        }

        return messages;
    }

    /// <summary>The texts of the next so many messages, each acknowledged.</summary>
    public static async Task<List<string>> ConsumeAsync(ITopicConsumer consumer, int count)
    {
        var messages = await TakeAsync(consumer, count);
        messages.ForEach(consumer.Acknowledge);
        return [.. messages.Select(TextOf)];
    }

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        for (var left = 1000; !holds(); left--)
        {
            left.ShouldBeGreaterThan(0, "It never came to hold.");
            await Task.Delay(10, Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Brokers.DisposeAsync();
    }
}
