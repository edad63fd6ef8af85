using System.Net.Sockets;

namespace Virga.Cluster.Link;

/// <summary>
/// Sends messages from any thread. Who finds the connection idle sends at once on its own thread; what others add meanwhile goes out together in the next
/// send. Messages longer than a piece take turns, piece by piece, with each other and with everything short; posts of one topic stay in their order.
/// </summary>
internal sealed class LinkSender(Socket socket, LinkOptions options, Action<Exception> broken) : IThreadPoolWorkItem
{
    // After so many sends a thread goes back to what it came for, and the pool takes over.
    private const int MaxInlineSends = 8;

    // Pieces per send, when nothing short waits.
    private const int PiecesPerSend = 4;

    // Guards everything below it; held for a copy of one message at most.
    private readonly Lock _gate = new();
    private readonly Queue<Queue<OutgoingMessage>> _lanes = new();
    private readonly Dictionary<byte, Queue<OutgoingMessage>> _posts = [];
    private SendBuffer _pending = new();
    private TaskCompletionSource _room = NewSignal();
    private long _queued;
    private bool _isFull;
    private bool _sending;
    private bool _closed;

    // Belongs to whoever has set _sending.
    private SendBuffer _outgoing = new();

    /// <summary>Queues a message; false when there is no room for it.</summary>
    public bool TrySend(LinkFrameKind kind, byte topic, ulong id, ReadOnlySpan<byte> body, long room)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return true;
            }

            if (_queued > 0 && _queued + body.Length > room)
            {
                _isFull = true;
                return false;
            }

            _queued += LinkFrame.PrefixLength + body.Length;
            Add(kind, topic, id, body);
            if (_sending)
            {
                return true;
            }

            _sending = true;
            Fill();
        }

        Flush();
        return true;
    }

    /// <summary>Queues a message as soon as there is room for it.</summary>
    public async ValueTask SendAsync(LinkFrameKind kind, byte topic, ulong id, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        while (true)
        {
            // Taken before it is tried, so that room that is made in between is not missed.
            var room = Volatile.Read(ref _room).Task;
            if (TrySend(kind, topic, id, body.Span, options.QueueBytes))
            {
                return;
            }

            await room.WaitAsync(cancellation);
        }
    }

    /// <summary>Drops what is queued and all that comes later.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            foreach (var lane in _lanes)
            {
                foreach (var message in lane)
                {
                    message.Release();
                }
            }

            _lanes.Clear();
            _posts.Clear();
        }

        _room.TrySetResult();
    }

    void IThreadPoolWorkItem.Execute() => Flush();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Add(LinkFrameKind kind, byte topic, ulong id, ReadOnlySpan<byte> body)
    {
        var lane = kind == LinkFrameKind.Post ? _posts.GetValueOrDefault(topic) : null;
        if (lane is null && body.Length <= options.PieceBytes)
        {
            var span = _pending.Append(LinkFrame.PrefixLength + body.Length);
            LinkFrame.WritePrefix(span, kind, 0, topic, id, body.Length);
            body.CopyTo(span[LinkFrame.PrefixLength..]);
            return;
        }

        var message = new OutgoingMessage(kind, topic, id, body);
        if (lane is null)
        {
            lane = new Queue<OutgoingMessage>(1);
            _lanes.Enqueue(lane);
            if (kind == LinkFrameKind.Post)
            {
                _posts[topic] = lane;
            }
        }

        lane.Enqueue(message);
    }

    // Makes the next batch: everything short, and of what is long one piece, or some when there is nothing else.
    private void Fill()
    {
        (_pending, _outgoing) = (_outgoing, _pending);
        _pending.Clear();
        for (var pieces = _outgoing.Length == 0 ? PiecesPerSend : 1; pieces > 0 && _lanes.TryDequeue(out var lane); pieces--)
        {
            if (lane.Peek().WriteNext(_outgoing, options.PieceBytes))
            {
                lane.Dequeue().Release();
            }

            if (lane.Count > 0)
            {
                _lanes.Enqueue(lane);
            }
            else
            {
                ForgetPosts(lane);
            }
        }
    }

    private void ForgetPosts(Queue<OutgoingMessage> lane)
    {
        foreach (var (topic, posts) in _posts)
        {
            if (posts == lane)
            {
                _posts.Remove(topic);
                return;
            }
        }
    }

    // Run by whoever has set _sending; returns when the queue is empty, or hands the rest on.
    private void Flush()
    {
        for (var sends = 0; sends < MaxInlineSends; sends++)
        {
            var sending = SendOutgoingAsync();
            if (!sending.IsCompletedSuccessfully)
            {
                _ = ContinueAsync(sending);
                return;
            }

            if (!TryFillAgain())
            {
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Owned by _sending, which nobody else can set meanwhile. Ends without an exception: what fails goes to `broken`.
    private async Task ContinueAsync(ValueTask sending)
    {
        try
        {
            await sending;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Close();
            broken(e);
            return;
        }

        if (TryFillAgain())
        {
            Flush();
        }
    }

    private bool TryFillAgain()
    {
        TaskCompletionSource? room = null;
        bool hasMore;
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            hasMore = _pending.Length > 0 || _lanes.Count > 0;
            _queued = hasMore ? Math.Max(0, _queued - _outgoing.Length) : 0;
            if (_isFull && _queued <= options.QueueBytes / 2)
            {
                _isFull = false;
                room = _room;
                _room = NewSignal();
            }

            if (hasMore)
            {
                Fill();
            }
            else
            {
                _outgoing.Clear();
                _sending = false;
            }
        }

        room?.TrySetResult();
        return hasMore;
    }

    private async ValueTask SendOutgoingAsync()
    {
        for (var rest = _outgoing.Written; rest.Length > 0;)
        {
            rest = rest[await socket.SendAsync(rest, SocketFlags.None)..];
        }
    }
}
