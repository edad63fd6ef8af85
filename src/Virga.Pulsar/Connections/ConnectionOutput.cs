using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Virga.Pulsar.Frames;
using Virga.Pulsar.Protocol;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Pulsar.Connections;

/// <summary>
/// What goes to a client. Whoever has something for it appends and goes on; one work item of the thread pool sends all that is there, and again while there is more, so that what comes while a send is under way
/// goes out together. Commands are written into pooled blocks; entries are sent from where they lie. A connection that is quiet has neither a block nor a task.
/// </summary>
internal sealed class ConnectionOutput : IThreadPoolWorkItem, IDisposable
{
    private const int BlockSize = 16 * 1024;

    // Below this a copy costs less than one more segment to be pinned and passed to the kernel.
    private const int CopyLimit = 2048;

    // What is delivered and has no more than this is sent by the thread that delivers it: to wake another one would take longer. More goes out beside the next read of the topic.
    private const int SentAtOnce = 64 * 1024;

    // The kernel takes 1,024 at a time (UIO_MAXIOV).
    private const int MaxSegments = 512;

    private readonly Socket _socket;
    private readonly Action _sent;
    private readonly Action<Exception?> _ended;
    private readonly SocketAsyncEventArgs _send = new();
    private readonly List<ArraySegment<byte>> _window = [];

    // Guards what is appended to; held for as long as writing a frame takes.
    private readonly Lock _gate = new();
    private List<ArraySegment<byte>> _filling = [];
    private List<byte[]> _fillingBlocks = [];
    private byte[]? _block;
    private int _blockFrom;
    private int _blockTo;
    private bool _isSending;
    private bool _isClosing;
    private bool _isEnded;
    private long _pending;

    // The sender's own.
    private List<ArraySegment<byte>> _sending = [];
    private List<byte[]> _sendingBlocks = [];
    private int _sendingAt;

    /// <summary>The output of a connection.</summary>
    /// <param name="socket">Where to.</param>
    /// <param name="sent">Called after a send, when <see cref="Pending"/> is smaller; returns at once.</param>
    /// <param name="ended">Called once, when nothing more will be sent: after <see cref="Close"/>, or with the failure of the socket.</param>
    public ConnectionOutput(Socket socket, Action sent, Action<Exception?> ended)
    {
        _socket = socket;
        _sent = sent;
        _ended = ended;
        _send.Completed += (_, _) => Continue();
    }

    /// <summary>How many bytes wait to be taken by the kernel.</summary>
    public long Pending => Interlocked.Read(ref _pending);

    /// <summary>Appends a command.</summary>
    public void Write(BaseCommand command)
    {
        var size = command.CalculateSize();
        lock (_gate)
        {
            if (_isClosing)
            {
                return;
            }

            var target = Reserve(FrameFormat.HeadSize + size);
            BinaryPrimitives.WriteInt32BigEndian(target, sizeof(int) + size);
            BinaryPrimitives.WriteInt32BigEndian(target[sizeof(int)..], size);
            command.WriteTo(target.Slice(FrameFormat.HeadSize, size));
            Written(FrameFormat.HeadSize + size);
        }

        Start();
    }

    /// <summary>Appends the receipt of an entry.</summary>
    public void WriteReceipt(long producerId, long sequenceId, long highestSequenceId, Position position, int partition)
    {
        lock (_gate)
        {
            if (_isClosing)
            {
                return;
            }

            Written(HotFrames.WriteReceipt(Reserve(HotFrames.MaxReceiptSize), producerId, sequenceId, highestSequenceId, position, partition));
        }

        Start();
    }

    /// <summary>Appends an entry for a broker. Its bytes are not to change any more.</summary>
    public void WriteSend(long producerId, long sequenceId, int messages, ReadOnlyMemory<byte> entry)
    {
        lock (_gate)
        {
            if (_isClosing)
            {
                return;
            }

            Written(HotFrames.WriteSendHead(Reserve(HotFrames.MaxSendHeadSize), producerId, sequenceId, messages, entry.Length));
            Append(entry);
        }

        Start();
    }

    /// <summary>Appends entries for a consumer, and sends them; called by threads of the pool that hold no lock.</summary>
    public void WriteMessages(long consumerId, ReadOnlySpan<DeliveredEntry> entries, int partition, long? epoch)
    {
        lock (_gate)
        {
            if (_isClosing)
            {
                return;
            }

            foreach (ref readonly var entry in entries)
            {
                var data = HotFrames.ForClients(entry.Data);
                var head = HotFrames.WriteMessageHead(Reserve(HotFrames.MaxMessageHeadSize(entry)), consumerId, entry, data.Length, partition, epoch);
                Written(head);
                Append(data);
            }
        }

        if (Pending > SentAtOnce)
        {
            Start();
        }
        else if (TryBegin())
        {
            SendAll();
        }
    }

    /// <summary>Ends the output when all that was appended is sent.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_isClosing)
            {
                return;
            }

            _isClosing = true;
        }

        Start();
    }

    /// <summary>Sends what is there; for the thread pool.</summary>
    void IThreadPoolWorkItem.Execute() => SendAll();

    /// <inheritdoc/>
    public void Dispose() => _send.Dispose();

    // Room for so many bytes in a block; under the gate.
    private Span<byte> Reserve(int size)
    {
        if (_block is null || _block.Length - _blockTo < size)
        {
            CutBlock();
            _block = ArrayPool<byte>.Shared.Rent(Math.Max(BlockSize, size));
            _fillingBlocks.Add(_block);
            (_blockFrom, _blockTo) = (0, 0);
        }

        return _block.AsSpan(_blockTo);
    }

    private void Written(int size)
    {
        _blockTo += size;
        Interlocked.Add(ref _pending, size);
    }

    private void Append(ReadOnlyMemory<byte> data)
    {
        if (data.Length <= CopyLimit || !MemoryMarshal.TryGetArray(data, out var segment))
        {
            data.Span.CopyTo(Reserve(data.Length));
            Written(data.Length);
            return;
        }

        CutBlock();
        _filling.Add(segment);
        Interlocked.Add(ref _pending, data.Length);
    }

    // What was written into the block since the last cut becomes a segment; under the gate.
    private void CutBlock()
    {
        if (_block is not null && _blockTo > _blockFrom)
        {
            _filling.Add(new ArraySegment<byte>(_block, _blockFrom, _blockTo - _blockFrom));
            _blockFrom = _blockTo;
        }
    }

    private void Start()
    {
        if (TryBegin())
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    // Whether the caller is to see to it that what is there is sent.
    private bool TryBegin()
    {
        lock (_gate)
        {
            if (_isSending || _isEnded)
            {
                return false;
            }

            _isSending = true;
            return true;
        }
    }

    private void SendAll()
    {
        while (TakeWindow())
        {
            try
            {
                _send.BufferList = _window;
                if (_socket.SendAsync(_send))
                {
                    return;
                }
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException)
            {
                End(e);
                return;
            }

            if (!Sent())
            {
                return;
            }
        }
    }

    private void Continue()
    {
        if (Sent())
        {
            SendAll();
        }
    }

    // Takes note of what a send has done; false when it failed.
    private bool Sent()
    {
        if (_send.SocketError != SocketError.Success)
        {
            End(new SocketException((int)_send.SocketError));
            return false;
        }

        var left = _send.BytesTransferred;
        Interlocked.Add(ref _pending, -left);
        while (left > 0)
        {
            var segment = _sending[_sendingAt];
            if (left < segment.Count)
            {
                _sending[_sendingAt] = segment[left..];
                break;
            }

            left -= segment.Count;
            _sending[_sendingAt++] = default;
        }

        _sent();
        return true;
    }

    // The next segments to be sent; false when there is nothing, and then somebody else may begin to send.
    private bool TakeWindow()
    {
        var isClosed = false;
        if (_sendingAt == _sending.Count)
        {
            ReturnBlocks(_sendingBlocks);
            _sending.Clear();
            _sendingAt = 0;
            lock (_gate)
            {
                CutBlock();
                if (_filling.Count == 0)
                {
                    ReturnBlocks(_fillingBlocks);
                    _block = null;
                    if (!_isClosing)
                    {
                        _isSending = false;
                        return false;
                    }

                    isClosed = true;
                }
                else
                {
                    (_sending, _filling) = (_filling, _sending);
                    (_sendingBlocks, _fillingBlocks) = (_fillingBlocks, _sendingBlocks);
                    _block = null;
                }
            }
        }

        if (isClosed)
        {
            End(null);
            return false;
        }

        _window.Clear();
        var count = Math.Min(MaxSegments, _sending.Count - _sendingAt);
        _window.AddRange(CollectionsMarshal.AsSpan(_sending).Slice(_sendingAt, count));
        return true;
    }

    private void End(Exception? failure)
    {
        lock (_gate)
        {
            _isClosing = true;
            if (_isEnded)
            {
                return;
            }

            _isEnded = true;
            _filling.Clear();
            ReturnBlocks(_fillingBlocks);
            _block = null;
        }

        ReturnBlocks(_sendingBlocks);
        _sending.Clear();
        Interlocked.Exchange(ref _pending, 0);
        _ended(failure);
    }

    private static void ReturnBlocks(List<byte[]> blocks)
    {
        foreach (var block in CollectionsMarshal.AsSpan(blocks))
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        blocks.Clear();
    }
}
