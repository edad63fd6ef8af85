using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>A producer of a topic of another node.</summary>
internal sealed class RemoteProducer(INodeLink link, NodeName owner, long incarnation, long id, IProducerSink sink, Action<LinkChannel> ended)
    : LinkChannel(link, owner, incarnation, id, isOwner: false), IServedProducer
{
    // More than that is not sent before something of it is answered: what waits for the link breaks it in the end.
    private const int Window = 8 << 20;

    // Guards the two queues. Entries are answered in their order, so that the answers need no number.
    private readonly Lock _gate = new();
    private readonly Queue<PendingPublish> _sent = new();
    private readonly Queue<PendingPublish> _waiting = new();
    private int _sentBytes;
    private bool _isEnded;
    private CloseReason _reason = CloseReason.Moved;
    private volatile bool _isDetached;

    public string Name { get; private set; } = "";

    public long LastSequenceId { get; private set; }

    public void Opened(string name, long lastSequenceId) => (Name, LastSequenceId) = (name, lastSequenceId);

    public void Publish(PendingPublish publish)
    {
        lock (_gate)
        {
            if (!_isEnded)
            {
                _waiting.Enqueue(publish);
                SendWaiting();
                return;
            }
        }

        // Its publisher hears of the end too, and publishes all that is not acknowledged over the next channel.
        publish.Failed(Lost());
    }

    public void Detach()
    {
        _isDetached = true;
        End(tellPeer: true);
    }

    protected override void Handle(FrameKind kind, FrameReader body)
    {
        switch (kind)
        {
            case FrameKind.Published:
                var position = body.Position();
                Answered()?.Published(position);
                break;
            case FrameKind.Duplicate:
                Answered()?.Duplicate();
                break;
            case FrameKind.Failed:
                var problem = body.Problem();
                Answered()?.Failed(problem);
                break;
            case FrameKind.Closed:
                _reason = (CloseReason)body.Byte();
                End(tellPeer: false);
                break;
            default:
                throw new InvalidDataException($"A producer gets no {kind}.");
        }
    }

    protected override void Ended()
    {
        lock (_gate)
        {
            _isEnded = true;
            _sent.Clear();
            _waiting.Clear();
        }

        ended(this);
        if (!_isDetached)
        {
            sink.Closed(_reason);
        }
    }

    private PendingPublish? Answered()
    {
        lock (_gate)
        {
            if (!_sent.TryDequeue(out var publish))
            {
                return null;
            }

            _sentBytes -= publish.Data.Length;
            SendWaiting();
            return publish;
        }
    }

    // Under the gate.
    private void SendWaiting()
    {
        while (_waiting.TryPeek(out var next) && (_sentBytes == 0 || _sentBytes + next.Data.Length <= Window))
        {
            _sent.Enqueue(_waiting.Dequeue());
            _sentBytes += next.Data.Length;
            Send(FrameKind.Publish, frame => frame.Number(next.SequenceId).Number(next.HighestSequenceId).Number(next.Messages).Bytes(next.Data.Span));
        }
    }

    private static Problem Lost() => KnownProblems.Unavailable("The connection to the topic's owner was lost.", "Publish again.");
}
