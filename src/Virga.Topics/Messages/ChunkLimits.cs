namespace Virga.Topics.Messages;

/// <summary>How long and how much of messages that come in chunks is waited for. What Pulsar's clients call it is in brackets.</summary>
public sealed record ChunkLimits
{
    /// <summary>
    /// A message of which nothing has come for so long is not waited for any more, and its chunks are acknowledged; so are chunks of which the first ones are not there. Null, the default, for never
    /// (<c>expireTimeOfIncompleteChunkedMessage</c>, a minute there): the further chunks may be behind others that wait for their consumer, or be with another consumer of a shared subscription, and what is
    /// acknowledged then is lost.
    /// </summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>How many messages of a topic or partition may be incomplete (<c>maxPendingChunkedMessage</c>).</summary>
    public int MaxMessages { get; init; } = ChunkAssembler.DefaultMessages;

    /// <summary>
    /// Whether the oldest incomplete message is acknowledged when there are too many. Else its chunks stay unacknowledged, and are delivered again when the consumer is attached anew
    /// (<c>autoAckOldestChunkedMessageOnQueueFull</c>).
    /// </summary>
    public bool AcknowledgesOldest { get; init; }
}
