using Virga.Topics.Publishing;

namespace Virga.Topics.Clients.Serving;

/// <summary>A producer of one topic or partition, attached here or on the node that owns it.</summary>
internal interface IServedProducer
{
    /// <summary>Its name, as the broker knows it.</summary>
    string Name { get; }

    /// <summary>The number of the last message of this name; -1 for none.</summary>
    long LastSequenceId { get; }

    /// <summary>Hands an entry over; one call at a time. Where the producer was closed meanwhile, the entry's failure says so.</summary>
    void Publish(PendingPublish publish);

    /// <summary>Lets go of it; nothing more is told to its sink.</summary>
    void Detach();
}
