namespace Virga.Core.Topics;

/// <summary>A message that a function publishes.</summary>
public sealed record FunctionPublication
{
    /// <summary>Where to: <c>NAME</c> within the function's namespace, or the full name of such a topic.</summary>
    public required string Topic { get; init; }

    /// <summary>What it carries.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>What the payload is.</summary>
    public required string ContentType { get; init; }

    /// <summary>Its key; null for none.</summary>
    public string? Key { get; init; }

    /// <summary>The function's own properties.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>When what it tells of happened.</summary>
    public DateTimeOffset? EventAt { get; init; }

    /// <summary>How long it is held back from shared and key_shared subscriptions.</summary>
    public TimeSpan? DeliverAfter { get; init; }

    /// <summary>Its number among those of its producer, for deduplication; null for none.</summary>
    public long? SequenceId { get; init; }

    /// <summary>The producer that <see cref="SequenceId"/> counts for; null for the function itself.</summary>
    public string? Producer { get; init; }
}
