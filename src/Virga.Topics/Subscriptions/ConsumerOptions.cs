using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Subscriptions;

/// <summary>How one consumer attaches itself.</summary>
public sealed record ConsumerOptions
{
    /// <summary>To what.</summary>
    public required SubscriptionName Subscription { get; init; }

    /// <summary>How it shares.</summary>
    public SubscriptionType Type { get; init; }

    /// <summary>Its name, shown in figures and, for failover, what decides who is active; empty for one that the broker makes up.</summary>
    public string Name { get; init; } = "";

    /// <summary>A smaller number goes first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether the subscription outlives its consumers; not for readers.</summary>
    public bool IsDurable { get; init; } = true;

    /// <summary>Where a subscription that is new begins: <see cref="Position.Latest"/>, <see cref="Position.Earliest"/>, or behind a message.</summary>
    public MessageId Start { get; init; } = new(Position.Latest);

    /// <summary>Whether <see cref="Start"/> itself is delivered too.</summary>
    public bool StartInclusive { get; init; }

    /// <summary>Where a subscription that is new begins by time; null where <see cref="Start"/> says it.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Reads the compacted topic: the last message of each key.</summary>
    public bool ReadCompacted { get; init; }

    /// <summary>How keys are dealt out, for <see cref="SubscriptionType.KeyShared"/>.</summary>
    public KeySharing KeySharing { get; init; } = KeySharing.AutoSplit;

    /// <summary>The consumer's own properties, shown in figures.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>The subscription's own properties, kept when it is made.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> SubscriptionProperties { get; init; } = [];
}
