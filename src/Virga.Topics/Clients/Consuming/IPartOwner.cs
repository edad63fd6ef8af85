using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Topics.Clients.Consuming;

/// <summary>Whose parts they are. Members return at once.</summary>
internal interface IPartOwner
{
    /// <summary>What tells when entries are due.</summary>
    RedeliveryClock Clock { get; }

    /// <summary>An entry has come.</summary>
    void Delivered(in QueuedEntry entry);

    /// <summary>Everything of a part that has ended may be dealt with.</summary>
    void Settled(ConsumerPart part);

    /// <summary>A message is a dead letter: it is to be published as one, and then acknowledged.</summary>
    void Died(ConsumerPart part, TopicMessage message);

    /// <summary>A part is gone for good: its topic or the subscription was deleted, or the broker refuses it.</summary>
    /// <param name="part">Which.</param>
    /// <param name="refusal">Why it was refused; null where it was deleted.</param>
    void Gone(ConsumerPart part, Problem? refusal);

    /// <summary>Whether a part is still to be attached: with topics of this node alone, whether it owns them.</summary>
    bool Wants(ConsumerPart part);
}
