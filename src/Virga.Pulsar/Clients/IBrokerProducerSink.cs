namespace Virga.Pulsar.Clients;

/// <summary>Told of what becomes of what a producer sends. Its members return at once and do not throw.</summary>
internal interface IBrokerProducerSink
{
    /// <summary>The broker has an entry; they come in the order in which they were sent.</summary>
    void Received(long sequence);

    /// <summary>The producer has ended: it was closed, refused something, or its connection is gone. What was not received has to be sent again by another one.</summary>
    void Ended(string reason);
}
