using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving;

/// <summary>A consumer of one topic or partition, attached here or on the node that owns it. Members that give no task return at once; after its sink was told that it is closed they do nothing.</summary>
internal interface IServedConsumer
{
    /// <summary>How many entries its subscription has not acknowledged; null for one of another node.</summary>
    long? Backlog { get; }

    /// <summary>Allows so many more messages.</summary>
    void Permit(int messages);

    /// <summary>Acknowledges entries or parts of them.</summary>
    void Acknowledge(ReadOnlySpan<BatchAck> acks);

    /// <summary>Acknowledges everything up to an entry.</summary>
    void AcknowledgeUpTo(BatchAck last);

    /// <summary>Completes when what was acknowledged so far is durable.</summary>
    ValueTask AcknowledgedAsync(CancellationToken cancellation);

    /// <summary>Asks for entries again.</summary>
    void Redeliver(ReadOnlySpan<Position> positions);

    /// <summary>Asks for everything again that is not acknowledged.</summary>
    void RedeliverAll();

    /// <summary>Moves the subscription to a message; its consumers are closed then, and come again.</summary>
    ValueTask SeekAsync(MessageId to, CancellationToken cancellation);

    /// <summary>Moves the subscription to a time; its consumers are closed then, and come again.</summary>
    ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation);

    /// <summary>Lets go of it: what it has not acknowledged goes to others. Nothing more is told to its sink.</summary>
    void Detach();
}
