using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Subscriptions;

/// <summary>How a subscription stands.</summary>
public sealed record SubscriptionFigures
{
    /// <summary>Its name.</summary>
    public required SubscriptionName Name { get; init; }

    /// <summary>How its consumers share it; null where there are none.</summary>
    public SubscriptionType? Type { get; init; }

    /// <summary>Whether it outlives its consumers.</summary>
    public bool IsDurable { get; init; }

    /// <summary>All up to here is acknowledged.</summary>
    public Position MarkDeleted { get; init; }

    /// <summary>What is read next.</summary>
    public Position ReadPosition { get; init; }

    /// <summary>Entries that are not acknowledged.</summary>
    public long Backlog { get; init; }

    /// <summary>Entries acknowledged behind one that is not.</summary>
    public long AcknowledgedBehind { get; init; }

    /// <summary>Messages that consumers have and did not acknowledge; not counted for exclusive and failover.</summary>
    public long Unacknowledged { get; init; }

    /// <summary>Whether nothing is delivered until something is acknowledged.</summary>
    public bool IsBlocked { get; init; }

    /// <summary>Messages that wait for their time.</summary>
    public long Delayed { get; init; }

    /// <summary>Entries that are to be delivered again, or wait for the consumer of their key.</summary>
    public long Waiting { get; init; }

    /// <summary>Messages delivered, redelivered ones included.</summary>
    public long Messages { get; init; }

    /// <summary>Bytes delivered.</summary>
    public long Bytes { get; init; }

    /// <summary>Messages delivered that were delivered before.</summary>
    public long Redelivered { get; init; }

    /// <summary>Of a topic that keeps nothing: messages for which no consumer had room.</summary>
    public long Dropped { get; init; }

    /// <summary>Entries that went by because they were too old.</summary>
    public long Expired { get; init; }

    /// <summary>When something was delivered last; null for never.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When something was acknowledged last; null for never.</summary>
    public DateTimeOffset? AcknowledgedAt { get; init; }

    /// <summary>The subscription's own properties.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>Who is connected.</summary>
    public IReadOnlyList<ConsumerFigures> Consumers { get; init; } = [];
}
