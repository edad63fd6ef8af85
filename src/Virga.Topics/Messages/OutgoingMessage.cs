namespace Virga.Topics.Messages;

/// <summary>A message to be published.</summary>
public sealed record OutgoingMessage
{
    /// <summary>What it carries; unchanged until it is published.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Its key: chooses the partition, orders it in key_shared subscriptions, is what compaction goes by.</summary>
    public string? Key { get; init; }

    /// <summary>What messages are ordered by where that is not the key.</summary>
    public ReadOnlyMemory<byte> OrderingKey { get; init; }

    /// <summary>The producer's own properties.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>When what it tells of happened.</summary>
    public DateTimeOffset? EventAt { get; init; }

    /// <summary>Not to be delivered before; for shared and key_shared subscriptions only, as in Pulsar.</summary>
    public DateTimeOffset? DeliverAt { get; init; }

    /// <summary>Its number where the producer counts itself, for deduplication; null for the next one.</summary>
    public long? SequenceId { get; init; }

    /// <summary>Whether it is a tombstone.</summary>
    public bool IsTombstone { get; init; }
}
