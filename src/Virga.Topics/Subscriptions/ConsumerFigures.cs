namespace Virga.Topics.Subscriptions;

/// <summary>What one consumer has done, and how it stands.</summary>
public sealed record ConsumerFigures
{
    /// <summary>Its number within the subscription.</summary>
    public required long Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>A smaller number goes first.</summary>
    public int Priority { get; init; }

    /// <summary>For exclusive and failover: whether it is the one that gets the messages; true for the others.</summary>
    public bool IsActive { get; init; }

    /// <summary>Whether it gets nothing until it acknowledges.</summary>
    public bool IsBlocked { get; init; }

    /// <summary>Messages that it may be sent.</summary>
    public long Permits { get; init; }

    /// <summary>Messages that it has and did not acknowledge; not counted for exclusive and failover.</summary>
    public long Unacknowledged { get; init; }

    /// <summary>Messages delivered to it, redelivered ones included.</summary>
    public long Messages { get; init; }

    /// <summary>Bytes delivered to it.</summary>
    public long Bytes { get; init; }

    /// <summary>Messages delivered to it that were delivered before.</summary>
    public long Redelivered { get; init; }

    /// <summary>Acknowledgements from it, one for each entry or part of a batch.</summary>
    public long Acknowledged { get; init; }

    /// <summary>When it came.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>When something was delivered to it last; null for never.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When it acknowledged last; null for never.</summary>
    public DateTimeOffset? AcknowledgedAt { get; init; }

    /// <summary>For key_shared: the slots of keys that it gets, both ends included.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges { get; init; } = [];

    /// <summary>Its own properties.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];
}
