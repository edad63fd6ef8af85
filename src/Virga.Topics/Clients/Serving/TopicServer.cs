using Virga.Topics.Brokers;
using Virga.Topics.Clients.Serving.Links;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving;

/// <summary>Attaches to topics wherever they are owned at the moment.</summary>
internal sealed class TopicServer(TopicBroker broker, ITopicServer local, TopicLink link) : ITopicServer
{
    public ValueTask<IServedProducer> ProduceAsync(TopicName topic, ProducerOptions options, IProducerSink sink, CancellationToken cancellation) =>
        broker.IsMine(topic) ? local.ProduceAsync(topic, options, sink, cancellation) : link.ProduceAsync(broker.OwnerOf(topic), topic, options, sink, cancellation);

    public ValueTask<IServedConsumer> SubscribeAsync(TopicName topic, ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation) =>
        broker.IsMine(topic) ? local.SubscribeAsync(topic, options, sink, cancellation) : link.SubscribeAsync(broker.OwnerOf(topic), topic, options, sink, cancellation);

    public ValueTask CreateSubscriptionAsync(TopicName topic, SubscriptionName subscription, MessageId start, CancellationToken cancellation) => broker.IsMine(topic)
        ? local.CreateSubscriptionAsync(topic, subscription, start, cancellation)
        : link.CreateSubscriptionAsync(broker.OwnerOf(topic), topic, subscription, start, cancellation);

    public ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, MessageId to, CancellationToken cancellation) => broker.IsMine(topic)
        ? local.SeekAsync(topic, subscription, to, cancellation)
        : link.SeekAsync(broker.OwnerOf(topic), topic, subscription, to, cancellation);

    public ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, DateTimeOffset to, CancellationToken cancellation) => broker.IsMine(topic)
        ? local.SeekAsync(topic, subscription, to, cancellation)
        : link.SeekAsync(broker.OwnerOf(topic), topic, subscription, to, cancellation);
}
