using Virga.Topics.Messages;
using Virga.Topics.Publishing;

namespace Virga.Topics.Clients;

/// <summary>How to publish.</summary>
public sealed record PublisherOptions
{
    /// <summary>The publisher's name, one connected publisher's at a time; deduplication goes by it. Empty for one of its own.</summary>
    public string Name { get; init; } = "";

    /// <summary>How messages wait for each other; null to send each by itself.</summary>
    public BatchingOptions? Batching { get; init; }

    /// <summary>How payloads of batches are compressed.</summary>
    public MessageCompression Compression { get; init; }

    /// <summary>Where messages go that have no key, and whether the key decides.</summary>
    public PartitionRouting Routing { get; init; }

    /// <summary>By what keys choose their partition.</summary>
    public RoutingHashKind Hash { get; init; }

    /// <summary>Chooses the partition itself: of a message and how many partitions there are. Takes the place of <see cref="Routing"/>; called on the publishing thread.</summary>
    public Func<OutgoingMessage, int, int>? Router { get; init; }

    /// <summary>Who else may publish.</summary>
    public ProducerAccess Access { get; init; }

    /// <summary>The number of the first message where the publisher counts for itself; null to go on behind the last one of this name.</summary>
    public long? FirstSequenceId { get; init; }

    /// <summary>
    /// Whether nothing more is published once a message has failed. For who counts for itself and begins anew then: what came behind would be taken for published with everything before it.
    /// </summary>
    public bool EndsWithFailure { get; init; }

    /// <summary>At most so many messages wait for their acknowledgement in one partition; who publishes more waits.</summary>
    public int MaxPending { get; init; } = 1000;

    /// <summary>A message fails when it is not acknowledged for so long.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether it is kept for whoever publishes next: while it publishes nothing, it does not keep the topic from being deleted.</summary>
    public bool IsPassing { get; init; }

    /// <summary>The publisher's own properties, shown in figures.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];
}
