using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>
/// Publishes to topics and consumes them from within this node, wherever in the cluster they are owned: what HTTP, WebSockets, triggers and functions use. Follows topics that move, grow or appear.
/// </summary>
public abstract class TopicClient : IAsyncDisposable
{
    /// <summary>Publishes a message by a publisher that is kept for the topic while it is used.</summary>
    /// <exception cref="Core.Problems.ProblemException">The topic does not exist and is not made by itself, or refuses the message.</exception>
    public abstract ValueTask<MessageId> PublishAsync(TopicName topic, OutgoingMessage message, CancellationToken cancellation);

    /// <summary>A publisher of one's own.</summary>
    /// <exception cref="Core.Problems.ProblemException">The topic does not exist and is not made by itself, or refuses the publisher.</exception>
    public abstract ValueTask<ITopicPublisher> PublisherAsync(TopicName topic, PublisherOptions options, CancellationToken cancellation);

    /// <summary>A consumer; completes when it is attached to every topic that there is.</summary>
    /// <exception cref="Core.Problems.ProblemException">A topic does not exist and is not made by itself, or refuses the consumer.</exception>
    public abstract ValueTask<ITopicConsumer> SubscribeAsync(TopicSelection topics, TopicConsumerOptions options, CancellationToken cancellation);

    /// <summary>A reader.</summary>
    /// <exception cref="Core.Problems.ProblemException">The topic does not exist, or refuses the reader.</exception>
    public abstract ValueTask<ITopicReader> ReadAsync(TopicName topic, TopicReaderOptions options, CancellationToken cancellation);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
