using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <summary>One consumer of a subscription. All members are safe for many threads and return at once.</summary>
public sealed class Consumer
{
    private readonly Subscription _subscription;

    internal Consumer(Subscription subscription, long id, string name, ConsumerOptions options, IConsumerSink sink, DateTimeOffset now)
    {
        (_subscription, Id, Name, Options, Sink, Since) = (subscription, id, name, options, sink, now);
    }

    /// <summary>Its number within the subscription.</summary>
    public long Id { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>To what it is attached.</summary>
    public SubscriptionName Subscription => Options.Subscription;

    /// <summary>How it attached itself.</summary>
    public ConsumerOptions Options { get; }

    internal IConsumerSink Sink { get; }

    internal DateTimeOffset Since { get; }

    // What follows belongs to the subscription's gate.

    /// <summary>Messages that it may be sent; less than 0 after a batch that had more.</summary>
    internal int Permits { get; set; }

    /// <summary>Messages that it has and did not acknowledge, where that is tracked.</summary>
    internal long Unacknowledged { get; set; }

    /// <summary>It gets nothing until it acknowledges.</summary>
    internal bool IsBlocked { get; set; }

    internal bool IsDetached { get; set; }

    internal bool CanReceive => Permits > 0 && !IsBlocked && !IsDetached;

    /// <summary>Entries that it has and did not acknowledge, where that is tracked.</summary>
    internal Dictionary<Position, PendingEntry> Pending { get; } = [];

    /// <summary>For key_shared: entries that wait until it has room, with the slots of their keys.</summary>
    internal PriorityQueue<int, Position>? Waiting { get; set; }

    /// <summary>For the dispatcher: it stands in a queue.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>For the dispatcher: it is counted among those with room.</summary>
    internal bool IsCounted { get; set; }

    /// <summary>It was told that a terminated topic has no more.</summary>
    internal bool KnowsEnd { get; set; }

    /// <summary>What is to be delivered next; the pump takes it as a whole.</summary>
    internal List<DeliveredEntry> Outgoing { get; set; } = [];

    /// <summary>What the pump delivers now.</summary>
    internal List<DeliveredEntry> Sending { get; set; } = [];

    /// <summary>The pump will come for <see cref="Outgoing"/>.</summary>
    internal bool IsDeliveryNoticed { get; set; }

    internal long Messages { get; set; }

    internal long Bytes { get; set; }

    internal long Redelivered { get; set; }

    internal long Acknowledged { get; set; }

    internal long DeliveredAt { get; set; }

    internal long AcknowledgedAt { get; set; }

    /// <summary>Lets the subscription send so many messages more.</summary>
    public void Permit(int messages) => _subscription.Permit(this, messages);

    /// <summary>Acknowledges entries, or messages inside batches.</summary>
    public void Acknowledge(ReadOnlySpan<BatchAck> acks) => _subscription.Acknowledge(this, acks, null);

    /// <summary>Acknowledges, and notes where the consumer stands: the note is stored with the acknowledgements in one write, so that after a crash the two always fit. A seek forgets it.</summary>
    public void Acknowledge(ReadOnlySpan<BatchAck> acks, string note) => _subscription.Acknowledge(this, acks, note);

    /// <summary>What was last noted, by this consumer or one before it; empty for nothing.</summary>
    public string Note => _subscription.Note;

    /// <summary>Acknowledges everything up to a message.</summary>
    /// <exception cref="Core.Problems.ProblemException">The subscription is shared or key_shared: nobody knows there what lies before a message.</exception>
    public void AcknowledgeUpTo(BatchAck last) => _subscription.AcknowledgeUpTo(this, last);

    /// <summary>Completes when what was acknowledged so far is durable; at once where the subscription is not.</summary>
    /// <exception cref="Core.Problems.ProblemException">It could not be stored now.</exception>
    public ValueTask AcknowledgedAsync(CancellationToken cancellation) => _subscription.FlushAsync(cancellation);

    /// <summary>Gives entries back that could not be processed: they are delivered again, to whoever has room. Where one consumer gets everything, all that it has not acknowledged is delivered to it again, in order.</summary>
    public void Redeliver(ReadOnlySpan<Position> positions) => _subscription.Redeliver(this, positions);

    /// <summary>Gives back everything that it has not acknowledged.</summary>
    public void RedeliverAll() => _subscription.RedeliverAll(this);

    /// <summary>It goes: what it has not acknowledged goes to others. A delivery that is on its way may still reach its sink.</summary>
    public void Detach() => _subscription.Detach(this);

    /// <summary>How it stands.</summary>
    public ConsumerFigures Figures() => _subscription.FiguresOf(this);
}
