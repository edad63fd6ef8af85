using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving;

/// <summary>Attaches producers and consumers to single topics or partitions: those that this node owns, or those of other nodes.</summary>
internal interface ITopicServer
{
    /// <summary>Attaches a producer.</summary>
    ValueTask<IServedProducer> ProduceAsync(TopicName topic, ProducerOptions options, IProducerSink sink, CancellationToken cancellation);

    /// <summary>Attaches a consumer.</summary>
    ValueTask<IServedConsumer> SubscribeAsync(TopicName topic, ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation);

    /// <summary>Makes a subscription where there is none.</summary>
    ValueTask CreateSubscriptionAsync(TopicName topic, SubscriptionName subscription, MessageId start, CancellationToken cancellation);

    /// <summary>Moves a subscription to a message.</summary>
    ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, MessageId to, CancellationToken cancellation);

    /// <summary>Moves a subscription to a time.</summary>
    ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, DateTimeOffset to, CancellationToken cancellation);
}
