namespace Virga.Functions;

/// <summary>What may be said of a message that is published.</summary>
public sealed record PublishOptions
{
    internal static PublishOptions None { get; } = new();

    /// <summary>Messages with equal keys stay in order: in one partition, and one consumer of a key_shared subscription.</summary>
    public string? Key { get; init; }

    /// <summary>Names and values of the function's own.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>When what the message tells of happened.</summary>
    public DateTimeOffset? EventTime { get; init; }

    /// <summary>How long it is held back from shared and key_shared subscriptions.</summary>
    public TimeSpan? DeliverAfter { get; init; }

    /// <summary>Its number among those of its producer: topics with deduplication keep a number once.</summary>
    public long? SequenceId { get; init; }

    /// <summary>Who counts <see cref="SequenceId"/>; the function itself unless said.</summary>
    public string? Producer { get; init; }
}
