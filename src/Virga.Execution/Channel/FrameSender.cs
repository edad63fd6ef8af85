using System.Buffers;
using System.Net.Sockets;

namespace Virga.Execution.Channel;

/// <summary>
/// Sends frames from any thread. Who finds the socket idle sends at once on its own thread; what others add meanwhile
/// goes out together in the next send, so that latency is one system call and throughput is batched.
/// </summary>
internal sealed class FrameSender(Socket socket)
{
    // Guards the two fields below; held for a copy of one frame at most.
    private readonly Lock _gate = new();
    private FrameBuffer _pending = new();
    private bool _sending;
    private TaskCompletionSource? _room;

    private FrameBuffer _outgoing = new();
    private volatile bool _closed;

    /// <summary>Queues a frame and sends it if nobody else is sending. Errors surface at the receiver, which sees the channel close.</summary>
    public void Send(FrameKind kind, uint call, ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            Append(kind, call, header, body);
            if (_sending)
            {
                return;
            }

            _sending = true;
            Swap();
        }

        Flush();
    }

    /// <summary>Like <see cref="Send(FrameKind, uint, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, for a body in several pieces.</summary>
    public void Send(FrameKind kind, uint call, ReadOnlySpan<byte> header, in ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
        {
            Send(kind, call, header, body.FirstSpan);
            return;
        }

        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            body.CopyTo(Reserve(kind, call, header, (int)body.Length));
            if (_sending)
            {
                return;
            }

            _sending = true;
            Swap();
        }

        Flush();
    }

    /// <summary>How many bytes wait behind those that are being sent.</summary>
    public int Backlog => Volatile.Read(ref _pending).Length;

    /// <summary>Queues a piece of an answer to a request of the worker.</summary>
    public void SendAnswer(uint call, uint ask, bool more, ReadOnlySpan<byte> piece)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            var body = Reserve(FrameKind.Answer, call, [], piece.Length + 5);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(body, ask);
            body[4] = more ? (byte)1 : (byte)0;
            piece.CopyTo(body[5..]);
            if (_sending)
            {
                return;
            }

            _sending = true;
            Swap();
        }

        Flush();
    }

    /// <summary>Completes when less than so many bytes wait, or nothing is sent any more.</summary>
    public Task RoomAsync(int bytes)
    {
        lock (_gate)
        {
            return _closed || _pending.Length < bytes ? Task.CompletedTask : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Drops what is queued and all that comes later.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _room?.TrySetResult();
        }
    }

    private void Append(FrameKind kind, uint call, ReadOnlySpan<byte> header, ReadOnlySpan<byte> body) => body.CopyTo(Reserve(kind, call, header, body.Length));

    private Span<byte> Reserve(FrameKind kind, uint call, ReadOnlySpan<byte> header, int bodyLength)
    {
        var length = Frame.PrefixLength + header.Length + bodyLength;
        var span = _pending.Append(length);
        Frame.WritePrefix(span, kind, call, header.Length, bodyLength);
        header.CopyTo(span[Frame.PrefixLength..]);
        return span[(Frame.PrefixLength + header.Length)..];
    }

    private void Swap()
    {
        (_pending, _outgoing) = (_outgoing, _pending);
        _pending.Clear();
        _room?.TrySetResult();
        _room = null;
    }

    // Owned by whoever set _sending; returns when the queue is empty, or hands the rest to the socket's completion.
    private void Flush()
    {
        while (!_closed)
        {
            var sent = SendOutgoingAsync(0);
            if (!sent.IsCompletedSuccessfully)
            {
                _ = ContinueAsync(sent);
                return;
            }

            if (TryFinish())
            {
                return;
            }
        }
    }

    private async Task ContinueAsync(ValueTask sent)
    {
        await sent;
        if (!_closed && !TryFinish())
        {
            Flush();
        }
    }

    private bool TryFinish()
    {
        lock (_gate)
        {
            if (_pending.Length == 0)
            {
                _outgoing.Clear();
                _sending = false;
                return true;
            }

            Swap();
            return false;
        }
    }

    private ValueTask SendOutgoingAsync(int offset)
    {
        while (true)
        {
            var memory = _outgoing.Written[offset..];
            if (memory.IsEmpty)
            {
                return ValueTask.CompletedTask;
            }

            ValueTask<int> sending;
            try
            {
                sending = socket.SendAsync(memory, SocketFlags.None);
            }
            catch (ObjectDisposedException)
            {
                // The instance was ended meanwhile; its receive loop reports that.
                Close();
                return ValueTask.CompletedTask;
            }

            if (!sending.IsCompletedSuccessfully)
            {
                return AwaitSendAsync(sending, offset);
            }

            offset += sending.Result;
        }
    }

    private async ValueTask AwaitSendAsync(ValueTask<int> sending, int offset)
    {
        try
        {
            offset += await sending;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The worker is gone: its receive loop sees the end of the stream and reports why.
            Close();
            return;
        }

        await SendOutgoingAsync(offset);
    }
}
