using Virga.Topics.Names;

namespace Virga.Topics.Messages;

/// <summary>One message as its reader sees it: taken out of its batch, decompressed, its chunks put together.</summary>
public sealed record TopicMessage
{
    /// <summary>The topic that it was read from: the partition, where that has partitions.</summary>
    public required TopicName Topic { get; init; }

    /// <summary>Which one it is.</summary>
    public required MessageId Id { get; init; }

    /// <summary>What it carries.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Its key; null where it has none. A key that is not text is in base64.</summary>
    public string? Key { get; init; }

    /// <summary>What messages are ordered by where that is not the key; empty where it is.</summary>
    public ReadOnlyMemory<byte> OrderingKey { get; init; }

    /// <summary>The producer's own properties, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>Who published it.</summary>
    public string Producer { get; init; } = "";

    /// <summary>Its number among those of its producer.</summary>
    public long SequenceId { get; init; }

    /// <summary>When it was published, by the producer's clock.</summary>
    public DateTimeOffset PublishedAt { get; init; }

    /// <summary>When what it tells of happened; null where the producer did not say.</summary>
    public DateTimeOffset? EventAt { get; init; }

    /// <summary>How often it was delivered before.</summary>
    public int Redeliveries { get; init; }

    /// <summary>The version of the topic's schema that it was written with; empty for none.</summary>
    public ReadOnlyMemory<byte> SchemaVersion { get; init; }

    /// <summary>Whether it is a tombstone: it says that its key has no value any more.</summary>
    public bool IsTombstone { get; init; }
}
