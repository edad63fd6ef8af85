using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>A consumer that this node, which owns the topic, has for another node.</summary>
internal sealed class ServedConsumer(INodeLink link, NodeName user, long incarnation, long id, Action<LinkChannel> ended) : LinkChannel(link, user, incarnation, id, isOwner: true), IConsumerSink
{
    // More than that is not sent before the other node has taken some of it in: permits count messages, and a link that has to keep too much breaks.
    private const long Window = 8 << 20;
    private const int FrameBytes = 1 << 20;

    // Guards what waits.
    private readonly Lock _gate = new();
    private readonly Queue<DeliveredEntry> _waiting = new();
    private long _inFlight;
    private bool _isEndWaiting;

    /// <summary>Null until it is attached; nothing comes from its user before.</summary>
    public IServedConsumer? Consumer { get; private set; }

    public void Begin(IServedConsumer consumer) => Consumer = consumer;

    public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
    {
        lock (_gate)
        {
            foreach (ref readonly var entry in entries)
            {
                _waiting.Enqueue(entry);
            }

            SendWaiting();
        }
    }

    public void ActiveChanged(bool isActive)
    {
        // Messages say it: whoever is not active gets none.
    }

    public void EndReached()
    {
        lock (_gate)
        {
            _isEndWaiting = true;
            SendWaiting();
        }
    }

    public void Closed(CloseReason reason) => Send(FrameKind.Closed, frame => frame.Byte((byte)reason));

    protected override void Handle(FrameKind kind, FrameReader body)
    {
        var consumer = Consumer!;
        switch (kind)
        {
            case FrameKind.Permit:
                consumer.Permit((int)body.Number());
                break;
            case FrameKind.Acknowledge:
                var acks = new BatchAck[body.Count()];
                for (var i = 0; i < acks.Length; i++)
                {
                    acks[i] = new BatchAck(body.Position(), body.Bits());
                }

                consumer.Acknowledge(acks);
                break;
            case FrameKind.AcknowledgeUpTo:
                consumer.AcknowledgeUpTo(new BatchAck(body.Position(), body.Bits()));
                break;
            case FrameKind.Redeliver:
                var positions = new Position[body.Count()];
                for (var i = 0; i < positions.Length; i++)
                {
                    positions[i] = body.Position();
                }

                consumer.Redeliver(positions);
                break;
            case FrameKind.RedeliverAll:
                consumer.RedeliverAll();
                break;
            case FrameKind.Received:
                lock (_gate)
                {
                    _inFlight -= body.Number();
                    SendWaiting();
                }

                break;
            default:
                throw new InvalidDataException($"The owner of a consumer gets no {kind}.");
        }
    }

    protected override void Ended()
    {
        ended(this);
        Consumer?.Detach();
    }

    // Under the gate.
    private void SendWaiting()
    {
        List<DeliveredEntry> frame = [];
        while (_waiting.Count > 0 && _inFlight < Window)
        {
            var bytes = 0L;
            frame.Clear();
            while (bytes < FrameBytes && _waiting.TryDequeue(out var entry))
            {
                frame.Add(entry);
                bytes += entry.Data.Length;
            }

            _inFlight += bytes;
            Send(FrameKind.Deliver, writer =>
            {
                writer.Number(frame.Count);
                foreach (var entry in frame)
                {
                    writer.Position(entry.Position).Number(entry.Messages).Number(entry.Redeliveries).Bits(entry.Unacknowledged).Bytes(entry.Data.Span);
                }
            });
        }

        if (_isEndWaiting && _waiting.Count == 0)
        {
            _isEndWaiting = false;
            Send(FrameKind.EndReached);
        }
    }
}
