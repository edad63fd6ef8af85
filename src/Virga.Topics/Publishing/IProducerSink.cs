using Virga.Topics.Subscriptions;

namespace Virga.Topics.Publishing;

/// <summary>The other end of a producer.</summary>
public interface IProducerSink
{
    /// <summary>The broker has closed the producer. The client asks where to go and comes again; what was not acknowledged it publishes anew.</summary>
    void Closed(CloseReason reason);

    /// <summary>For a producer that waits for exclusive access: it has it.</summary>
    void Admitted();
}
