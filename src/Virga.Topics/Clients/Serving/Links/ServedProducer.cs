using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>A producer that this node, which owns the topic, has for another node.</summary>
internal sealed class ServedProducer(INodeLink link, NodeName user, long incarnation, long id, Action<LinkChannel> ended) : LinkChannel(link, user, incarnation, id, isOwner: true), IProducerSink
{
    private IServedProducer? _producer;

    public void Begin(IServedProducer producer) => _producer = producer;

    public void Closed(CloseReason reason) => Send(FrameKind.Closed, frame => frame.Byte((byte)reason));

    public void Admitted()
    {
        // Attaching waits for that already.
    }

    protected override void Handle(FrameKind kind, FrameReader body)
    {
        if (kind != FrameKind.Publish)
        {
            throw new InvalidDataException($"The owner of a producer gets no {kind}.");
        }

        var (sequence, highest, messages) = (body.Number(), body.Number(), (int)body.Number());
        _producer!.Publish(new PublishForUser(this) { SequenceId = sequence, HighestSequenceId = highest, Messages = messages, Data = body.Bytes() });
    }

    protected override void Ended()
    {
        ended(this);
        _producer?.Detach();
    }

    private sealed class PublishForUser(ServedProducer channel) : PendingPublish
    {
        public override void Published(Position position) => channel.Send(FrameKind.Published, frame => frame.Position(position));

        public override void Duplicate() => channel.Send(FrameKind.Duplicate);

        public override void Failed(Problem problem) => channel.Send(FrameKind.Failed, frame => frame.Problem(problem));
    }
}
