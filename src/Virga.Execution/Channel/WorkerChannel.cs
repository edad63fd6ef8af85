using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Execution.Asks;

namespace Virga.Execution.Channel;

/// <summary>The node's end of the frames that it speaks with one worker: see <c>docs/worker-protocol.md</c>.</summary>
internal sealed class WorkerChannel
{
    private const int InitialBuffer = 16 << 10;
    private const int SlotBits = 12;
    private const int MaxInlineBody = 64 << 10;
    private const int MaxPiece = 256 << 10;
    private const int AnswerPrefix = 5;

    // After so many bytes without a wait, others get the thread: a flooding worker must not hold it.
    private const int TurnBytes = 1 << 20;

    // Answers that a worker leaves unread, in bytes, before nothing more is taken from it.
    private const int MaxUnread = 32 << 20;

    private readonly Socket _socket;
    private readonly IChannelOwner _owner;
    private readonly TaskCompletionSource<Hello> _hello = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Specialised> _specialised = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Restored> _restored = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the slots; held for a few instructions, and shared only by calls of this one instance.
    private readonly Lock _gate = new();
    private WorkerCall?[] _slots = new WorkerCall?[1];
    private uint _generation;
    private bool _closed;

    // The receiving thread's own: bytes received and answered since others had the thread.
    private int _turn;

    public WorkerChannel(Socket socket, IChannelOwner owner, PlatformPort platform, TimeProvider time)
    {
        Platform = platform;
        _socket = socket;
        _owner = owner;
        Time = time;
        Sender = new FrameSender(socket);
    }

    /// <summary>The greatest number of calls that can be open on one channel.</summary>
    public const int MaxCalls = 1 << SlotBits;

    public TimeProvider Time { get; }

    public FrameSender Sender { get; }

    /// <summary>Where requests of functions go.</summary>
    public PlatformPort Platform { get; }

    /// <summary>What requests of this worker occupy.</summary>
    public AskLoad Load { get; } = new();

    /// <summary>Completes when the worker is ready; fails with <see cref="WorkerProtocolException"/> when it never will be.</summary>
    public Task<Hello> Hello => _hello.Task;

    /// <summary>Asks the worker to load a function, and waits for its word.</summary>
    public async Task<Specialised> SpecialiseAsync(Specialise request, CancellationToken cancellation)
    {
        Sender.Send(FrameKind.Specialise, 0, JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.Specialise), []);
        return await _specialised.Task.WaitAsync(cancellation);
    }

    /// <summary>Tells a worker that it continues from a snapshot and is one of many, and waits until it has made itself unique.</summary>
    public async Task<Restored> RestoreAsync(Restore request, CancellationToken cancellation)
    {
        Sender.Send(FrameKind.Restore, 0, JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.Restore), []);
        return await _restored.Task.WaitAsync(cancellation);
    }

    /// <summary>Asks the worker to finish its calls and exit.</summary>
    public void Shutdown() => Sender.Send(FrameKind.Shutdown, 0, [], []);

    /// <summary>Opens a call. The channel's owner has made sure that the instance has a place for it.</summary>
    /// <returns>The call; await its head with <see cref="WorkerCall.Head"/>. Null when the worker is gone already: the call was never sent.</returns>
    public WorkerCall? Open(Invocation invocation, in CallOpening opening, TimeSpan cpuAtStart, CancellationToken cancellation)
    {
        var call = new WorkerCall(this, invocation, opening) { CpuAtStart = cpuAtStart };
        Platform.Calls.CallStarted(invocation);
        var head = CallHead.Write(invocation, opening.DeadlineUnixMilliseconds);
        lock (_gate)
        {
            if (!_closed)
            {
                call.WireId = TakeSlot(call);
            }
        }

        if (call.WireId == 0)
        {
            Platform.Calls.CallEnded(invocation);
            return null;
        }

        Sender.Send(FrameKind.Call, call.WireId, head, invocation.Body);
        call.Start(cancellation);
        return call;
    }

    /// <summary>Receives until the worker ends. Returns why: null for an orderly end of the stream.</summary>
    public async Task<WorkerProtocolException?> ReceiveAsync()
    {
        WorkerProtocolException? reason = null;
        var buffer = ArrayPool<byte>.Shared.Rent(InitialBuffer);
        var start = 0;
        var end = 0;
        var needed = Frame.PrefixLength;
        try
        {
            using var arrival = ArrivalWatch.Shared.Watch(_socket);
            while (true)
            {
                if (MustPause)
                {
                    await PauseAsync();
                }

                if (needed > end - start)
                {
                    int received;
                    while ((received = Receive(buffer.AsSpan(end))) < 0)
                    {
                        await arrival.NextAsync();
                    }

                    if (received == 0)
                    {
                        break;
                    }

                    end += received;
                    _turn += received;
                }

                start += Dispatch(buffer.AsSpan(start, end - start), out needed);
                if (start == end)
                {
                    start = end = 0;
                    ShrinkWhenIdle(ref buffer);
                }

                MakeRoom(ref buffer, ref start, ref end, needed);
            }
        }
        catch (WorkerProtocolException e)
        {
            reason = e;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The instance was killed; the owner knows why, or finds out from its exit code.
            reason = null;
        }
        catch (Exception e)
        {
            // Whatever a worker sent that nobody thought of costs its own instance, never the loop's owner.
            reason = new WorkerProtocolException($"A frame could not be handled: {e.Message}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            Sender.Close();
            lock (_gate)
            {
                _closed = true;
            }
        }

        var gone = reason ?? new WorkerProtocolException("The worker ended.");
        _hello.TrySetException(gone);
        _specialised.TrySetException(gone);
        _restored.TrySetException(gone);
        _ = _hello.Task.Exception;
        _ = _specialised.Task.Exception;
        _ = _restored.Task.Exception;
        return reason;
    }

    /// <summary>Ends every open call with <paramref name="problem"/>, and every later one.</summary>
    public void FailAll(Problem problem)
    {
        WorkerCall?[] calls;
        lock (_gate)
        {
            _closed = true;
            calls = _slots;
            _slots = [];
        }

        foreach (var call in calls)
        {
            call?.Fail(problem);
        }
    }

    /// <summary>Calls whose deadline has passed hear of it; returns the earliest deadline still to come, or <see cref="long.MaxValue"/>.</summary>
    /// <param name="now">As <see cref="TimeProvider.GetTimestamp"/>.</param>
    public long ExpireCalls(long now)
    {
        WorkerCall?[] calls;
        lock (_gate)
        {
            calls = [.. _slots];
        }

        var next = long.MaxValue;
        foreach (var call in calls)
        {
            if (call is null || call.Deadline == long.MaxValue)
            {
                continue;
            }

            if (call.Deadline <= now)
            {
                if (call.Expire())
                {
                    _owner.OnDeadlineMissed(call);
                }
            }
            else
            {
                next = Math.Min(next, call.Deadline);
            }
        }

        return next;
    }

    /// <summary>Frees a call's slot, and tells the owner.</summary>
    internal void Close(WorkerCall call)
    {
        lock (_gate)
        {
            var slot = (int)(call.WireId & (MaxCalls - 1));
            if (slot < _slots.Length && ReferenceEquals(_slots[slot], call))
            {
                _slots[slot] = null;
            }
        }

        Platform.Calls.CallEnded(call.Invocation);
        _owner.OnCallClosed(call);
    }

    // A call id is a slot and a generation: a late frame of an earlier call never meets a later one.
    private uint TakeSlot(WorkerCall call)
    {
        var slot = Array.IndexOf(_slots, null);
        if (slot < 0)
        {
            slot = _slots.Length;
            Array.Resize(ref _slots, Math.Min(slot * 2, MaxCalls));
        }

        _slots[slot] = call;
        _generation = (_generation + 1) & ((1u << (32 - SlotBits)) - 1);
        if (_generation == 0)
        {
            _generation = 1;
        }

        return (_generation << SlotBits) | (uint)slot;
    }

    private WorkerCall? Find(uint id)
    {
        lock (_gate)
        {
            var slot = (int)(id & (MaxCalls - 1));
            return slot < _slots.Length && _slots[slot] is { } call && call.WireId == id ? call : null;
        }
    }

    /// <summary>Sends an answer, in pieces where it is large.</summary>
    internal void SendAnswer(uint call, uint ask, ReadOnlySpan<byte> answer)
    {
        // Counted whichever thread it is on: a race makes a turn a little longer or shorter.
        _turn += answer.Length;
        while (answer.Length > MaxPiece - AnswerPrefix)
        {
            Sender.SendAnswer(call, ask, more: true, answer[..(MaxPiece - AnswerPrefix)]);
            answer = answer[(MaxPiece - AnswerPrefix)..];
        }

        Sender.SendAnswer(call, ask, more: false, answer);
    }

    private bool MustPause => _turn > TurnBytes || Sender.Backlog > MaxUnread || Load.IsFull;

    private async Task PauseAsync()
    {
        // A worker that asks for more than it takes waits until it has taken it, or ends.
        await Sender.RoomAsync(MaxUnread);
        await Load.RoomAsync();
        _turn = 0;
        await Task.Yield();
    }

    // Below zero: nothing has come.
    private int Receive(Span<byte> buffer)
    {
        var received = _socket.Receive(buffer, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => received,
            SocketError.WouldBlock => -1,
            _ => throw new SocketException((int)error),
        };
    }

    // Stops early when others are to have the thread: then nothing more is needed to go on.
    private int Dispatch(ReadOnlySpan<byte> bytes, out int needed)
    {
        var taken = 0;
        while (true)
        {
            if (taken > 0 && MustPause)
            {
                needed = 0;
                return taken;
            }

            var length = Frame.Read(bytes[taken..], out var frame, out needed);
            if (length == 0)
            {
                return taken;
            }

            taken += length;
            Handle(frame);
        }
    }

    private void Handle(in Frame frame)
    {
        var bodyLimit = frame.Kind == FrameKind.Result ? MaxInlineBody : MaxPiece;
        if (frame.Body.Length > bodyLimit && frame.Kind != FrameKind.Log)
        {
            throw new WorkerProtocolException($"The worker sent a {frame.Kind} frame with a body of {frame.Body.Length} bytes; it may have {bodyLimit}.");
        }

        switch (frame.Kind)
        {
            case FrameKind.Result:
                Find(frame.Call)?.OnResult(frame.Header, frame.Body);
                break;
            case FrameKind.Body:
                Find(frame.Call)?.OnBody(frame.Body);
                break;
            case FrameKind.End:
                Find(frame.Call)?.OnEnd(ReadHeader(frame.Header, ProtocolJson.Default.End));
                break;
            case FrameKind.Error:
                Find(frame.Call)?.OnError(WorkerError.Read(frame.Header));
                break;
            case FrameKind.Window:
                if (frame.Body.Length != 4)
                {
                    throw new WorkerProtocolException("The body of a WINDOW frame has 4 bytes.");
                }

                Find(frame.Call)?.OnWindow(System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(frame.Body));
                break;
            case FrameKind.Message:
                Find(frame.Call)?.OnMessage(frame.Body, ReadHeader(frame.Header, ProtocolJson.Default.MessageHead)?.Text ?? false);
                break;
            case FrameKind.Log:
                _owner.OnLog(Find(frame.Call), frame.Header, frame.Body);
                break;
            case FrameKind.Ask:
                Find(frame.Call)?.OnAsk(frame.Body);
                break;
            case FrameKind.Withdraw:
                Find(frame.Call)?.OnWithdraw(frame.Body);
                break;
            case FrameKind.Hello:
                _hello.TrySetResult(ReadHeader(frame.Header, ProtocolJson.Default.Hello) ?? throw new WorkerProtocolException("HELLO has no header."));
                break;
            case FrameKind.Specialised:
                _specialised.TrySetResult(ReadHeader(frame.Header, ProtocolJson.Default.Specialised) ?? throw new WorkerProtocolException("SPECIALISED has no header."));
                break;
            case FrameKind.Restored:
                _restored.TrySetResult(ReadHeader(frame.Header, ProtocolJson.Default.Restored) ?? throw new WorkerProtocolException("RESTORED has no header."));
                break;
            default:
                throw new WorkerProtocolException($"The worker sent a frame of kind 0x{(byte)frame.Kind:x2}, which it may not send.");
        }
    }

    private static T? ReadHeader<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        if (json.IsEmpty)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException e)
        {
            throw new WorkerProtocolException($"A {typeof(T).Name} header cannot be read: {e.Message}", e);
        }
    }

    private static void ShrinkWhenIdle(ref byte[] buffer)
    {
        if (buffer.Length > InitialBuffer * 16)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = ArrayPool<byte>.Shared.Rent(InitialBuffer);
        }
    }

    private static void MakeRoom(ref byte[] buffer, ref int start, ref int end, int needed)
    {
        var kept = end - start;
        if (start + Math.Max(needed, kept + 1) <= buffer.Length)
        {
            return;
        }

        var target = buffer;
        if (needed > buffer.Length)
        {
            target = ArrayPool<byte>.Shared.Rent(needed);
        }

        buffer.AsSpan(start, kept).CopyTo(target);
        if (!ReferenceEquals(target, buffer))
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = target;
        }

        start = 0;
        end = kept;
    }
}
