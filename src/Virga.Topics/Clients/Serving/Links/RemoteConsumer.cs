using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>A consumer of a topic of another node.</summary>
internal sealed class RemoteConsumer(TopicLink server, INodeLink link, NodeName owner, long incarnation, long id, TopicName topic, SubscriptionName subscription, IConsumerSink sink, Action<LinkChannel> ended)
    : LinkChannel(link, owner, incarnation, id, isOwner: false), IServedConsumer
{
    private volatile bool _isDetached;
    private CloseReason _reason = CloseReason.Moved;

    public long? Backlog => null;

    public void Permit(int messages) => Send(FrameKind.Permit, frame => frame.Number(messages));

    public void Acknowledge(ReadOnlySpan<BatchAck> acks)
    {
        var copy = acks.ToArray();
        Send(FrameKind.Acknowledge, frame =>
        {
            frame.Number(copy.Length);
            foreach (var ack in copy)
            {
                frame.Position(ack.Position).Bits(ack.Unacknowledged);
            }
        });
    }

    public void AcknowledgeUpTo(BatchAck last) => Send(FrameKind.AcknowledgeUpTo, frame => frame.Position(last.Position).Bits(last.Unacknowledged));

    public ValueTask AcknowledgedAsync(CancellationToken cancellation) => server.SettleAsync(Peer, Id, Sent, cancellation);

    public void Redeliver(ReadOnlySpan<Position> positions)
    {
        var copy = positions.ToArray();
        Send(FrameKind.Redeliver, frame =>
        {
            frame.Number(copy.Length);
            foreach (var position in copy)
            {
                frame.Position(position);
            }
        });
    }

    public void RedeliverAll() => Send(FrameKind.RedeliverAll);

    public ValueTask SeekAsync(MessageId to, CancellationToken cancellation) => server.SeekAsync(Peer, topic, subscription, to, cancellation);

    public ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation) => server.SeekAsync(Peer, topic, subscription, to, cancellation);

    public void Detach()
    {
        _isDetached = true;
        End(tellPeer: true);
    }

    protected override void Handle(FrameKind kind, FrameReader body)
    {
        switch (kind)
        {
            case FrameKind.Deliver:
                var entries = new DeliveredEntry[body.Count()];
                var bytes = 0L;
                for (var i = 0; i < entries.Length; i++)
                {
                    entries[i] = new DeliveredEntry(body.Position(), Messages: (int)body.Number(), Redeliveries: (int)body.Number(), Unacknowledged: body.Bits(), Data: body.Bytes());
                    bytes += entries[i].Data.Length;
                }

                if (!_isDetached)
                {
                    sink.Deliver(entries);
                }

                Send(FrameKind.Received, frame => frame.Number(bytes));
                break;
            case FrameKind.EndReached:
                sink.EndReached();
                break;
            case FrameKind.Closed:
                _reason = (CloseReason)body.Byte();
                End(tellPeer: false);
                break;
            default:
                throw new InvalidDataException($"A consumer gets no {kind}.");
        }
    }

    protected override void Ended()
    {
        ended(this);
        if (!_isDetached)
        {
            sink.Closed(_reason);
        }
    }
}
