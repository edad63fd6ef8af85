using System.Buffers.Binary;
using System.Text.Json;
using Virga.Functions;
using Virga.Worker.Calls;
using Virga.Worker.Channel;
using Virga.Worker.Functions;

namespace Virga.Worker.Instance;

/// <summary>What the node's frames do to this instance. One thread at a time takes them, in order.</summary>
internal sealed class WorkerInstance(FrameWriter writer)
{
    private readonly Dictionary<uint, Call> calls = [];
    private readonly Lock gate = new();
    private LoadedFunction? function;
    private bool mayBeClone;
    private bool isShuttingDown;

    public void SayHello()
    {
        FrameBuffer frame = writer.Begin(FrameKind.Hello, call: 0);
        Utf8JsonWriter json = frame.Json();
        json.WriteStartObject();
        json.WriteNumber("protocol"u8, 1);
        json.WriteString("runtime"u8, "dotnet"u8);
        json.WriteString("version"u8, Environment.Version.ToString());
        json.WriteEndObject();
        frame.EndHeader();
        writer.Send(frame);
    }

    /// <summary>Takes a frame.</summary>
    /// <returns>A call, or what goes on with an answer, that the reading thread is to run itself; <see langword="null"/> to go on reading.</returns>
    /// <exception cref="ProtocolException">The frame is none that a worker expects.</exception>
    public IThreadPoolWorkItem? Take(in Frame frame)
    {
        try
        {
            return Dispatch(frame);
        }
        catch (JsonException exception)
        {
            throw new ProtocolException($"The header of a {frame.Kind} frame is invalid: {exception.Message}");
        }
    }

    private IThreadPoolWorkItem? Dispatch(in Frame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Answer:
                return TakeAnswer(frame);
            case FrameKind.Call:
                return Open(frame);
            case FrameKind.Cancel:
                Find(frame.Call)?.Cancel();
                return null;
            case FrameKind.Body:
                Feed(frame);
                return null;
            case FrameKind.End:
                return EndRequest(frame);
            case FrameKind.Window:
                Find(frame.Call)?.Credit.Add(BinaryPrimitives.ReadUInt32LittleEndian(frame.Body));
                return null;
            case FrameKind.Message:
                Find(frame.Call)?.ReceiveMessage(IsText(frame.Header), frame.Body);
                return null;
            case FrameKind.Specialise:
                Specialise(frame.Header);
                return null;
            case FrameKind.Restore:
                Restore(frame.Header);
                return null;
            case FrameKind.Shutdown:
                ShutDown();
                return null;
            default:
                throw new ProtocolException($"A frame has the kind 0x{(byte)frame.Kind:x2}, which a worker does not know.");
        }
    }

    private void Specialise(ReadOnlySpan<byte> header)
    {
        SpecialiseRequest request = JsonSerializer.Deserialize(header, ProtocolJson.Default.SpecialiseRequest)
            ?? throw new ProtocolException("SPECIALISE has no header.");
        try
        {
            function = Load(request);
            mayBeClone = request.Snapshot;
            SendOutcome(FrameKind.Specialised, failure: null);
        }
        catch (Exception exception)
        {
            SendOutcome(FrameKind.Specialised, exception);
        }
    }

    private void Restore(ReadOnlySpan<byte> header)
    {
        if (!mayBeClone)
        {
            throw new ProtocolException("RESTORE came to a worker that may not be cloned.");
        }

        RestoreRequest request = JsonSerializer.Deserialize(header, ProtocolJson.Default.RestoreRequest)
            ?? throw new ProtocolException("RESTORE has no header.");
        try
        {
            function!.Node = request.Node;

            // No call comes before the answer: the thread that reads has nothing else to do.
            Clone.MakeUniqueAsync(request).GetAwaiter().GetResult();
            SendOutcome(FrameKind.Restored, failure: null);
        }
        catch (Exception exception)
        {
            SendOutcome(FrameKind.Restored, exception);
        }
    }

    private void SendOutcome(FrameKind kind, Exception? failure)
    {
        FrameBuffer frame = writer.Begin(kind, call: 0);
        if (failure is null)
        {
            frame.Append("""{"ok":true}"""u8);
        }
        else
        {
            Utf8JsonWriter json = frame.Json();
            json.WriteStartObject();
            json.WriteBoolean("ok"u8, value: false);
            json.WritePropertyName("error"u8);
            CallError error = failure is FunctionLoadException known
                ? new CallError(known.Type, known.Message)
                : CallError.From(failure);
            error.WriteTo(json);
            json.WriteEndObject();
        }

        frame.EndHeader();
        writer.Send(frame);
    }

    private static LoadedFunction Load(SpecialiseRequest request)
    {
        foreach ((string name, string value) in request.Environment ?? new Dictionary<string, string>())
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        Directory.SetCurrentDirectory(request.Root);
        return new LoadedFunction(
            new FunctionIdentity(request.Tenant, request.Namespace, request.Function, request.Version),
            FunctionLoader.Load(request.Root, request.Handler, request.Function),
            request.Concurrency,
            request.StreamsBodies,
            new KeptValues(request.Memory))
        { Node = request.Node };
    }

    private Call? Open(in Frame frame)
    {
        LoadedFunction loaded = function ?? throw new ProtocolException("A CALL came before SPECIALISE.");

        // The event may outlive the reader's buffer: it gets bytes of its own.
        ReadOnlyMemory<byte> payload = frame.Payload.ToArray();
        var head = new CallHead(payload[..frame.HeaderLength]);
        var call = new Call(frame.Call, head, loaded, writer, Close) { Body = payload[frame.HeaderLength..] };
        if (head.BodyIsStreamed)
        {
            call.ExpectBody(gather: !loaded.StreamsBodies);
        }

        lock (gate)
        {
            if (!calls.TryAdd(frame.Call, call))
            {
                throw new ProtocolException($"The call {frame.Call} was opened twice.");
            }
        }

        return call.Gathering is null ? Start(call, loaded) : null;
    }

    /// <summary>
    /// A function that takes one call at a time runs on the thread that read the call: no switch of threads stands between
    /// the frame and the handler. Others, and those that read while they run, go to the thread pool.
    /// </summary>
    private static Call? Start(Call call, LoadedFunction loaded)
    {
        if (loaded.Concurrency == 1 && call.BodyStream is null && !call.Head.IsWebSocket)
        {
            return call;
        }

        ThreadPool.UnsafeQueueUserWorkItem(call, preferLocal: false);
        return null;
    }

    /// <summary>
    /// Where calls come one at a time, the thread that read the answer also runs what waited for it: no switch of threads stands between them. Else one
    /// call must not keep the answers of others waiting.
    /// </summary>
    private Ask? TakeAnswer(in Frame frame)
    {
        Ask? answered = Find(frame.Call)?.TakeAnswer(frame.Body);
        if (answered is null || function!.Concurrency == 1)
        {
            return answered;
        }

        ThreadPool.UnsafeQueueUserWorkItem(answered, preferLocal: false);
        return null;
    }

    private void Feed(in Frame frame)
    {
        Call? call = Find(frame.Call);
        if (call?.BodyStream is { } stream)
        {
            stream.Feed(frame.Body);
            return;
        }

        call?.Gathering?.Write(frame.Body);
        writer.SendWindow(frame.Call, frame.Body.Length);
    }

    private Call? EndRequest(in Frame frame)
    {
        EndHeader end = frame.Header.IsEmpty
            ? EndHeader.Empty
            : JsonSerializer.Deserialize(frame.Header, ProtocolJson.Default.EndHeader) ?? EndHeader.Empty;
        Call? call = Find(frame.Call);
        bool start = call?.EndRequest(end.Code ?? 1005, end.Reason ?? string.Empty, end.Error?.Message) ?? false;
        return start ? Start(call!, function!) : null;
    }

    private static bool IsText(ReadOnlySpan<byte> header)
    {
        if (header.IsEmpty)
        {
            return false;
        }

        var reader = new Utf8JsonReader(header);
        while (reader.Read())
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("text"u8))
            {
                reader.Read();
                return reader.TokenType == JsonTokenType.True;
            }
        }

        return false;
    }

    private Call? Find(uint id)
    {
        lock (gate)
        {
            // A call may end while the node's frame about it is still under way.
            return calls.GetValueOrDefault(id);
        }
    }

    private void Close(Call call)
    {
        bool isLast;
        lock (gate)
        {
            calls.Remove(call.Id);
            isLast = isShuttingDown && calls.Count == 0;
        }

        if (isLast)
        {
            Exit();
        }
    }

    private void ShutDown()
    {
        bool isIdle;
        lock (gate)
        {
            isShuttingDown = true;
            isIdle = calls.Count == 0;
        }

        if (isIdle)
        {
            Exit();
        }
    }

    /// <summary>
    /// The user's own exit handlers run, on a thread that nobody waits for: one that hangs leaves the reader free to see
    /// the node close the channel.
    /// </summary>
    private static void Exit() => ThreadPool.UnsafeQueueUserWorkItem(static _ => Environment.Exit(0), null);
}
