using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Cluster.Link;

/// <summary>One connection to another node that has proved who it is: messages in both directions, until it breaks.</summary>
internal sealed partial class LinkConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly NodeName _peer;
    private readonly LinkOptions _options;
    private readonly LinkServing _serving;
    private readonly LinkSender _sender;
    private readonly MessageAssembler _assembler;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _broken = new();

    // Guards the two below; held to move a reference.
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, TaskCompletionSource<ReadOnlyMemory<byte>>> _asks = [];
    private string? _reason;

    private ulong _lastId;
    private long _lastReceived;

    public LinkConnection(Socket socket, Stream stream, NodeName peer, LinkHandlers handlers, LinkOptions options, TimeProvider time, ILogger logger)
    {
        _socket = socket;
        _stream = stream;
        _peer = peer;
        _options = options;
        _time = time;
        _logger = logger;
        _sender = new LinkSender(socket, options, e => Break($"nothing can be sent any more: {e.Message}"));
        _serving = new LinkServing(peer, handlers, _sender, options, logger);
        _assembler = new MessageAssembler(options);
        _lastReceived = time.GetTimestamp();
    }

    /// <summary>Whether it has broken.</summary>
    public bool IsBroken => Volatile.Read(ref _reason) is not null;

    /// <summary>Sends without an answer. A connection on which more would have to wait than is allowed breaks.</summary>
    public void Post(byte topic, ReadOnlySpan<byte> body)
    {
        // Twice what asks may use, so that a post is in order beside them.
        if (!_sender.TrySend(LinkFrameKind.Post, topic, NextId(), body, 2 * _options.QueueBytes))
        {
            Break($"more than {2 * _options.QueueBytes} bytes wait for it.");
        }
    }

    /// <summary>Sends and waits for the answer.</summary>
    /// <exception cref="NodeUnreachableException">The connection broke, or the other node could not answer.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(byte topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var id = NextId();
        var answer = new TaskCompletionSource<ReadOnlyMemory<byte>>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_reason is { } reason)
            {
                throw new NodeUnreachableException(_peer, reason) { IsUnsent = true };
            }

            _asks.Add(id, answer);
        }

        try
        {
            using var registration = cancellation.UnsafeRegister(
                static (state, token) => ((TaskCompletionSource<ReadOnlyMemory<byte>>)state!).TrySetCanceled(token), answer);
            await _sender.SendAsync(LinkFrameKind.Ask, topic, id, body, cancellation);
            return await answer.Task;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _sender.TrySend(LinkFrameKind.Cancel, topic, id, [], long.MaxValue);
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _asks.Remove(id);
            }
        }
    }

    /// <summary>Ends the connection: all that wait for answers fail. Does nothing when it has ended already.</summary>
    public void Break(string reason)
    {
        TaskCompletionSource<ReadOnlyMemory<byte>>[] waiting;
        lock (_gate)
        {
            if (_reason is not null)
            {
                return;
            }

            _reason = reason;
            waiting = [.. _asks.Values];
        }

        _sender.Close();
        _broken.Cancel();
        _socket.Dispose();
        foreach (var answer in waiting)
        {
            answer.TrySetException(new NodeUnreachableException(_peer, reason));
        }
    }

    /// <summary>Receives until the connection breaks.</summary>
    /// <returns>Why it broke.</returns>
    public async Task<string> RunAsync()
    {
        var keeping = KeepAliveAsync();
        try
        {
            await ReceiveAsync();
            Break("it closed the connection.");
        }
        catch (LinkRefusedException e)
        {
            LogRefused(_peer.Value, e.Message);
            Break(e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Break($"the connection broke: {e.Message}");
        }

        await keeping;
        return _reason!;
    }

    /// <summary>Waits until all that was begun for it has ended. Called after <see cref="RunAsync"/>, which has broken it.</summary>
    public async ValueTask DisposeAsync()
    {
        Break("it is not used any more.");
        await _serving.DisposeAsync();
        _assembler.Dispose();
        _broken.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "The connection to the node '{Peer}' is closed, because it broke the protocol: {Reason}")]
    private partial void LogRefused(string peer, string reason);

    private ulong NextId() => Interlocked.Increment(ref _lastId);

    private async Task ReceiveAsync()
    {
        var reader = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: 128 << 10, minimumReadSize: 16 << 10, leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(_broken.Token);
                Volatile.Write(ref _lastReceived, _time.GetTimestamp());
                var buffer = read.Buffer;
                while (LinkFrame.TryRead(ref buffer, _options.PieceBytes + sizeof(int), out var frame))
                {
                    Receive(frame);
                }

                if (read.IsCompleted)
                {
                    return;
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private void Receive(in LinkFrame frame)
    {
        switch (frame.Kind)
        {
            case LinkFrameKind.KeepAlive:
                return;
            case LinkFrameKind.Cancel:
                _serving.Cancel(frame.Id);
                return;
            default:
                break;
        }

        byte[] body;
        int length;
        if (frame.Flags == 0)
        {
            length = (int)frame.Body.Length;
            body = ArrayPool<byte>.Shared.Rent(Math.Max(1, length));
            frame.Body.CopyTo(body);
        }
        else if (_assembler.Take(frame) is var (whole, wholeLength))
        {
            (body, length) = (whole, wholeLength);
        }
        else
        {
            return;
        }

        switch (frame.Kind)
        {
            case LinkFrameKind.Post or LinkFrameKind.Ask:
                if (!_serving.TryBegin(frame.Kind == LinkFrameKind.Ask, frame.Topic, frame.Id, body, length))
                {
                    throw new LinkRefusedException($"It posts faster than this node can work: more than {_options.MaxServing} messages are under way.");
                }

                break;
            case LinkFrameKind.Answer:
                Find(frame.Id)?.TrySetResult(body.AsSpan(0, length).ToArray());
                ArrayPool<byte>.Shared.Return(body);
                break;
            default:
                Find(frame.Id)?.TrySetException(new NodeUnreachableException(_peer, Encoding.UTF8.GetString(body, 0, length)));
                ArrayPool<byte>.Shared.Return(body);
                break;
        }
    }

    // Null when nobody waits any more: the ask was cancelled.
    private TaskCompletionSource<ReadOnlyMemory<byte>>? Find(ulong id)
    {
        lock (_gate)
        {
            return _asks.GetValueOrDefault(id);
        }
    }

    private async Task KeepAliveAsync()
    {
        using var timer = new PeriodicTimer(_options.KeepAlive, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_broken.Token))
            {
                if (_time.GetElapsedTime(Volatile.Read(ref _lastReceived)) > _options.Silence)
                {
                    Break($"nothing has come from it for {_options.Silence.TotalSeconds:0} s.");
                    return;
                }

                _sender.TrySend(LinkFrameKind.KeepAlive, 0, 0, [], long.MaxValue);
            }
        }
        catch (OperationCanceledException) when (_broken.IsCancellationRequested)
        {
            // The connection has broken: there is nothing to keep.
        }
    }
}
