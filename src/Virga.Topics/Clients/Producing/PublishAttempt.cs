using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;

namespace Virga.Topics.Clients.Producing;

/// <summary>An entry, published once over one attachment of the producer.</summary>
internal sealed class PublishAttempt(PartitionPublisher publisher, OutgoingEntry entry, int attachment) : PendingPublish
{
    public OutgoingEntry Entry { get; } = entry;

    /// <summary>Which attachment; what an earlier one failed with says nothing any more.</summary>
    public int Attachment { get; } = attachment;

    public override void Published(Position position) => publisher.Complete(Entry, position);

    // It is there already, published by an attempt whose acknowledgement was lost; where, nobody knows any more. Pulsar's brokers answer the same.
    public override void Duplicate() => publisher.Complete(Entry, new Position(-1, -1));

    public override void Failed(Problem problem) => publisher.Fail(this, problem);
}
