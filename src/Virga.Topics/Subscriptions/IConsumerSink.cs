namespace Virga.Topics.Subscriptions;

/// <summary>The other end of a consumer: a connection, or a reader in this process. Its members are called one after the other, return at once and do not throw.</summary>
public interface IConsumerSink
{
    /// <summary>Entries, in the order in which they are to be handled; never more messages than there are permits, but for the last entry of them.</summary>
    void Deliver(ReadOnlySpan<DeliveredEntry> entries);

    /// <summary>For failover and exclusive: whether this consumer is the one that gets the messages.</summary>
    void ActiveChanged(bool isActive);

    /// <summary>All messages of a terminated topic are delivered.</summary>
    void EndReached();

    /// <summary>The broker has closed the consumer: the topic moved, was deleted, or was sought in. The client asks where to go and comes again.</summary>
    void Closed(CloseReason reason);
}
