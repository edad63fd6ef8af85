using System.Diagnostics.CodeAnalysis;
using Virga.Functions;
using Virga.Functions.Wire;
using Virga.Worker.Channel;
using Virga.Worker.Functions;
using Virga.Worker.Logs;

namespace Virga.Worker.Calls;

/// <summary>One call, from its frame to its answer. It is closed when both directions have ended.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The token is the user's, who may keep it; the source holds no timer.")]
internal sealed class Call : ICall, IThreadPoolWorkItem
{
    private static readonly ExecutionContext Clean = CaptureClean();
    private static readonly AsyncLocal<Call?> Executing = new();

    private readonly LoadedFunction function;
    private readonly Action<Call> closed;
    private readonly Lock gate = new();
    private CancellationTokenSource? cancellation;
    private SendCredit? credit;
    private CallAsks? asks;
    private WebSocket? socket;
    private int openDirections = 1;
    private int requestIsOpen;
    private bool isAnswered;
    private volatile bool isCancelled;

    public Call(uint id, CallHead head, LoadedFunction function, FrameWriter writer, Action<Call> closed)
    {
        Id = id;
        Head = head;
        Writer = writer;
        this.function = function;
        this.closed = closed;
    }

    /// <summary>The call that this thread, or this flow of awaits, works for.</summary>
    public static Call? Current => Executing.Value;

    public uint Id { get; }

    public CallHead Head { get; }

    public FrameWriter Writer { get; }

    /// <summary>The inline or gathered body.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>A body that the function reads while it arrives.</summary>
    public RequestBody? BodyStream { get; private set; }

    /// <summary>A streamed body that is gathered before the function is called.</summary>
    public MemoryStream? Gathering { get; private set; }

    public SendCredit Credit
    {
        get
        {
            lock (gate)
            {
                return credit ??= new SendCredit();
            }
        }
    }

    public string Address => function.Node.Length == 0 ? Head.Id : $"{function.Node}.{Head.Id}";

    public KeptValues KeptValues => function.KeptValues;

    private CallAsks Asks
    {
        get
        {
            lock (gate)
            {
                if (asks is null)
                {
                    asks = new CallAsks(Id, Writer);
                    if (isCancelled)
                    {
                        asks.End(Cancelled());
                    }
                    else if (isAnswered)
                    {
                        asks.End(Answered());
                    }
                }

                return asks;
            }
        }
    }

    public CallPrints Prints => field ??= new CallPrints(Writer, Id);

    public CancellationToken CancellationToken
    {
        get
        {
            lock (gate)
            {
                if (cancellation is null)
                {
                    cancellation = new CancellationTokenSource();
                    if (isCancelled)
                    {
                        cancellation.Cancel();
                    }
                }

                return cancellation.Token;
            }
        }
    }

    /// <summary>Its body comes in frames of its own, so that the request is a direction which the node has to end.</summary>
    /// <param name="gather">Whether the body is gathered before the function is called.</param>
    public void ExpectBody(bool gather)
    {
        OpenRequest();
        if (gather)
        {
            Gathering = new MemoryStream();
        }
        else
        {
            BodyStream = new RequestBody(Id, Writer);
        }
    }

    /// <summary>Runs the handler and answers; returns when it has, or when the handler waits for something.</summary>
    public void Execute() => ExecutionContext.Run(Clean, static call => ((Call)call!).Run(), this);

    public void Cancel()
    {
        isCancelled = true;
        CancellationTokenSource? source;
        lock (gate)
        {
            source = cancellation;
            credit?.Revoke();
            asks?.End(Cancelled());
        }

        if (source is not null)
        {
            // The registered callbacks are user code: they must not run on the thread that reads the channel.
            ThreadPool.UnsafeQueueUserWorkItem(static state => state.Cancel(), source, preferLocal: false);
        }

        BodyStream?.End(new OperationCanceledException("Nobody waits for this call any more."));
        socket?.End(1006, "The call was cancelled.");
        CloseRequest();
        if (Gathering is not null)
        {
            Gathering = null;
            Fail(new OperationCanceledException());
            Finish();
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> AskAsync(RequestWriter request, CancellationToken cancellationToken) =>
        Asks.SendAsync(request, cancellationToken);

    /// <summary>A piece of an answer of the platform.</summary>
    /// <returns>The request that is answered by it, if it was the last piece.</returns>
    public Ask? TakeAnswer(ReadOnlySpan<byte> body) => Volatile.Read(ref asks)?.Take(body);

    public void ReceiveMessage(bool isText, ReadOnlySpan<byte> bytes) => socket?.Feed(isText, bytes);

    /// <summary>The node has ended its direction.</summary>
    /// <returns>Whether the function is to be started now.</returns>
    public bool EndRequest(int closeCode, string closeReason, string? error)
    {
        bool start = Gathering is not null;
        if (Gathering is { } gathered)
        {
            Body = gathered.GetBuffer().AsMemory(0, (int)gathered.Length);
            Gathering = null;
        }

        BodyStream?.End(error is null ? null : new IOException(error));
        socket?.End(closeCode, closeReason);
        CloseRequest();
        return start;
    }

    public ValueTask<WebSocketConnection> AcceptWebSocketAsync()
    {
        if (!Head.IsWebSocket)
        {
            throw new InvalidOperationException("This event opens no WebSocket: its trigger is " + Head.Trigger + ".");
        }

        if (socket is not null)
        {
            throw new InvalidOperationException("This WebSocket was accepted before.");
        }

        OpenRequest();
        socket = new WebSocket(Id, Writer, Credit);
        FrameBuffer frame = Writer.Begin(FrameKind.Result, Id);
        frame.Append("""{"status":101}"""u8);
        frame.EndHeader();
        Writer.Send(frame);
        return ValueTask.FromResult(new WebSocketConnection(socket));
    }

    public void Log(LogLevel level, string message, object? fields) => LogFrame.Send(Writer, Id, level, message, fields);

    private static ExecutionContext CaptureClean() =>
        ExecutionContext.Capture() ?? throw new InvalidOperationException("The flow of the execution context is suppressed.");

    private void Run()
    {
        Executing.Value = this;
        ValueTask answer;
        try
        {
            if (Head.HasReferences)
            {
                answer = AnswerLaterAsync(InvokeWithReferencesAsync());
            }
            else
            {
                ValueTask<object?> result = Invoke();
                answer = result.IsCompletedSuccessfully ? AnswerAsync(result.Result) : AnswerLaterAsync(result);
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
            answer = ValueTask.CompletedTask;
        }

        if (answer.IsCompletedSuccessfully)
        {
            Finish();
        }
        else
        {
            _ = FinishLaterAsync(answer);
        }
    }

    private ValueTask<object?> Invoke() => function.Handler.Invoke(
        new Event(Head, Body, BodyStream, this),
        new Context(Head, function.Identity, this, TimeProvider.System));

    private async ValueTask<object?> InvokeWithReferencesAsync()
    {
        Body = await ReferencedBody.ResolveAsync(this, Body, Head.ReadReferences());
        return await Invoke();
    }

    private async ValueTask AnswerLaterAsync(ValueTask<object?> result) => await AnswerAsync(await result);

    private ValueTask AnswerAsync(object? value)
    {
        if (socket is not null)
        {
            socket.Close(1000, string.Empty);
            return ValueTask.CompletedTask;
        }

        Prints.FlushIfAny();
        return Answer.SendAsync(this, value);
    }

    private async Task FinishLaterAsync(ValueTask answer)
    {
        try
        {
            await answer;
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        Finish();
    }

    private void Fail(Exception exception)
    {
        Prints.FlushIfAny();
        CallError error = CallError.Unwrap(exception) is OperationCanceledException && isCancelled
            ? new CallError("cancelled", "The function gave up because nobody waits for this call any more.")
            : CallError.From(exception);
        if (socket is not null)
        {
            socket.Close(1011, "The function failed.", error);
            return;
        }

        FrameBuffer frame = Writer.Begin(FrameKind.Error, Id);
        error.WriteTo(frame.Json());
        frame.EndHeader();
        Writer.Send(frame);
    }

    private void Finish()
    {
        Prints.FlushIfAny();
        lock (gate)
        {
            isAnswered = true;
            asks?.End(Answered());
        }

        BodyStream?.Discard();
        CloseDirection();
    }

    private static OperationCanceledException Cancelled() => new("Nobody waits for this call any more.");

    private static InvalidOperationException Answered() => new("The call was answered: what it asks of the platform comes before its answer.");

    private void OpenRequest()
    {
        Interlocked.Increment(ref openDirections);
        Volatile.Write(ref requestIsOpen, 1);
    }

    private void CloseRequest()
    {
        if (Interlocked.Exchange(ref requestIsOpen, 0) == 1)
        {
            CloseDirection();
        }
    }

    private void CloseDirection()
    {
        if (Interlocked.Decrement(ref openDirections) == 0)
        {
            closed(this);
        }
    }
}
