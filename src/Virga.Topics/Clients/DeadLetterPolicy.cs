using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>What happens to messages that cannot be dealt with; names and properties are those of Pulsar's clients.</summary>
public sealed record DeadLetterPolicy
{
    /// <summary>A message is delivered again at most so often, then it goes to the dead letters.</summary>
    public required int MaxRedeliveries { get; init; }

    /// <summary>Where dead letters go; null for <c>TOPIC-SUBSCRIPTION-DLQ</c>.</summary>
    public TopicName? DeadLetterTopic { get; init; }

    /// <summary>Where <see cref="ITopicConsumer.RetryLaterAsync"/> puts messages; null for <c>TOPIC-SUBSCRIPTION-RETRY</c>.</summary>
    public TopicName? RetryTopic { get; init; }

    /// <summary>Whether the consumer consumes the retry topic too.</summary>
    public bool UsesRetryTopic { get; init; }

    /// <summary>A subscription that is made on the dead letters before the first is published, so that none is trimmed unseen; null for none.</summary>
    public SubscriptionName? InitialSubscription { get; init; }
}
