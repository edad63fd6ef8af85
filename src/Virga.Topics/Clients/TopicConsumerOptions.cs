using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients;

/// <summary>How to consume.</summary>
public sealed record TopicConsumerOptions
{
    /// <summary>What of it the broker sees.</summary>
    public required ConsumerOptions Consumer { get; init; }

    /// <summary>At most so many messages wait here, of all topics together (of each at least one entry).</summary>
    public int QueueSize { get; init; } = 1000;

    /// <summary>When a rejected message comes again.</summary>
    public RedeliveryDelay Rejected { get; init; } = new();

    /// <summary>A message that is neither acknowledged nor rejected for so long is delivered again; null for never.</summary>
    public TimeSpan? AckTimeout { get; init; }

    /// <summary>What happens to messages that are rejected again and again; null to deliver them for ever.</summary>
    public DeadLetterPolicy? DeadLetters { get; init; }

    /// <summary>What is waited for of messages that come in chunks.</summary>
    public ChunkLimits Chunks { get; init; } = new();

    /// <summary>Takes only what this node owns, and follows as that changes.</summary>
    public bool OwnedOnly { get; init; }

    /// <summary>How often growth and new topics are looked for where no event tells of them: those of other nodes.</summary>
    public TimeSpan Discovery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A consumer of a subscription with the defaults.</summary>
    public static TopicConsumerOptions For(SubscriptionName subscription, SubscriptionType type = SubscriptionType.Exclusive) =>
        new() { Consumer = new ConsumerOptions { Subscription = subscription, Type = type } };
}
