using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>
/// One end of a channel between the user of a topic and its owner: frames in both directions, in order and without a gap, or the channel ends. The link between nodes loses messages only with
/// its connection; numbers show that, with the frame behind the gap or with the <see cref="FrameKind.Sync"/> that follows when the connection is made again.
/// </summary>
internal abstract class LinkChannel(INodeLink link, NodeName peer, long incarnation, long id, bool isOwner)
{
    // Guards the numbers, and that frames are posted in their order.
    private readonly Lock _gate = new();
    private long _sent;
    private long _received;
    private long _handled;
    private bool _isEnded;
    private volatile bool _isAttached;
    private List<(long Number, TaskCompletionSource Handled)>? _awaited;

    /// <summary>The other end.</summary>
    public NodeName Peer => peer;

    /// <summary>The opener's number for it.</summary>
    public long Id => id;

    /// <summary>How many frames were sent.</summary>
    public long Sent
    {
        get
        {
            lock (_gate)
            {
                return _sent;
            }
        }
    }

    /// <summary>Whether the other end is still the run of its node that it was.</summary>
    public bool IsPeerIn(ClusterView view) => view.Find(peer)?.Incarnation == incarnation;

    /// <summary>Sends a frame; nothing once the channel has ended.</summary>
    public void Send(FrameKind kind, Action<FrameWriter>? body = null)
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return;
            }

            var frame = FrameWriter.Frame(id, !isOwner, ++_sent, kind);
            body?.Invoke(frame);
            link.Post(peer, NodeTopic.TopicFrame, frame.Written);
        }
    }

    /// <summary>Completes when a frame of the other end was handled, or the channel has ended.</summary>
    public Task HandledAsync(long number)
    {
        lock (_gate)
        {
            if (_isEnded || _handled >= number)
            {
                return Task.CompletedTask;
            }

            var handled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_awaited ??= []).Add((number, handled));
            return handled.Task;
        }
    }

    /// <summary>The owner has answered that it has the channel.</summary>
    public void Attached() => _isAttached = true;

    /// <summary>The connection to the other end was made again: says how much it should have. Nothing while it is being attached: an owner that still opens the topic would take it for a channel that it lost.</summary>
    public void Sync()
    {
        lock (_gate)
        {
            if (!_isEnded && (isOwner || _isAttached))
            {
                link.Post(peer, NodeTopic.TopicFrame, FrameWriter.Frame(id, !isOwner, _sent, FrameKind.Sync).Written);
            }
        }
    }

    /// <summary>A frame has come.</summary>
    public void Receive(long number, FrameKind kind, FrameReader body)
    {
        if (kind == FrameKind.End)
        {
            End(tellPeer: false);
            return;
        }

        bool isGap;
        lock (_gate)
        {
            if (_isEnded)
            {
                return;
            }

            isGap = number != (kind == FrameKind.Sync ? _received : _received + 1);
            _received = number;
        }

        if (isGap)
        {
            End(tellPeer: true);
        }
        else if (kind == FrameKind.Sync)
        {
            // Its user asks from time to time whether it has everything, and whether the channel is there at all.
            if (isOwner)
            {
                Sync();
            }
        }
        else
        {
            try
            {
                Handle(kind, body);
                Handled(number);
            }
            catch (InvalidDataException)
            {
                // A node of another version; what it means cannot be guessed.
                End(tellPeer: true);
            }
        }
    }

    /// <summary>Ends the channel, once.</summary>
    public void End(bool tellPeer)
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return;
            }

            _isEnded = true;
            if (tellPeer)
            {
                link.Post(peer, NodeTopic.TopicFrame, FrameWriter.Frame(id, !isOwner, 0, FrameKind.End).Written);
            }
        }

        Handled(long.MaxValue);
        Ended();
    }

    /// <summary>Takes a frame; one after the other.</summary>
    protected abstract void Handle(FrameKind kind, FrameReader body);

    /// <summary>The channel has ended.</summary>
    protected abstract void Ended();

    private void Handled(long number)
    {
        lock (_gate)
        {
            _handled = number;
            for (var i = (_awaited?.Count ?? 0) - 1; i >= 0; i--)
            {
                if (_awaited![i].Number <= number)
                {
                    _awaited[i].Handled.TrySetResult();
                    _awaited.RemoveAt(i);
                }
            }
        }
    }
}
