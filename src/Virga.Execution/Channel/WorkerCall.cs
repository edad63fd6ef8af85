using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Execution.Asks;

namespace Virga.Execution.Channel;

/// <summary>
/// One open call on a channel, and at the same time its result. It has three ends that come in any order: the request is
/// wholly sent, the answer is wholly received, the caller has disposed the result.
/// </summary>
internal sealed class WorkerCall : InvocationResult, IValueTaskSource<InvocationResult>
{
    private readonly WorkerChannel _channel;
    private readonly CallOpening _opening;

    // Guards the state below; contended only when a deadline or a cancellation meets an answer.
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<InvocationResult> _head;
    private CancellationTokenRegistration _cancellation;
    private bool _headSet;
    private bool _answered;
    private bool _abandoned;
    private bool _requestEnded;
    private bool _answerEnded;
    private bool _closed;
    private byte[]? _rented;
    private AnswerBody? _answer;
    private MessageChannel? _messages;
    private RequestBody? _request;
    private CallAsks? _asks;
    private Task _sending = Task.CompletedTask;

    public WorkerCall(WorkerChannel channel, Invocation invocation, in CallOpening opening)
    {
        _channel = channel;
        _opening = opening;
        Invocation = invocation;
        Deadline = opening.Deadline;
        StartedAt = channel.Time.GetTimestamp();
        _requestEnded = invocation.BodyStream is null && invocation.Trigger != Trigger.WebSocket;
        BytesIn = invocation.Body.Length;
    }

    public Invocation Invocation { get; }

    /// <summary>The id in frames.</summary>
    public uint WireId { get; set; }

    /// <summary>When it must have ended, as <see cref="TimeProvider.GetTimestamp"/>; an accepted WebSocket has no end.</summary>
    public long Deadline { get; private set; }

    /// <summary>When it went to the worker.</summary>
    public long StartedAt { get; }

    /// <summary>What the instance's CPU clock said when the call began.</summary>
    public TimeSpan CpuAtStart { get; init; }

    public long BytesIn { get; private set; }

    public long BytesOut { get; private set; }

    /// <summary>How it ended.</summary>
    public Outcome Outcome { get; private set; }

    /// <summary>The problem that ended it after its head was out; else <see cref="InvocationResult.Problem"/>.</summary>
    public Problem? LateProblem { get; private set; }

    /// <summary>Completes with this call once its head, or its failure, is known.</summary>
    public ValueTask<InvocationResult> Head => new(this, _head.Version);

    /// <summary>Begins to watch the caller and to send the request's body.</summary>
    public void Start(CancellationToken cancellation)
    {
        if (cancellation.CanBeCanceled)
        {
            var registration = cancellation.UnsafeRegister(static state => ((WorkerCall)state!).Abandon(KnownProblems.ClientGone(), "client-gone"u8), this);
            bool late;
            lock (_gate)
            {
                late = _closed;
                _cancellation = registration;
            }

            if (late)
            {
                registration.Unregister();
            }
        }

        if (Invocation.BodyStream is { } body)
        {
            _request = new RequestBody(_channel.Sender, WireId, body);
            _sending = SendBodyAsync(_request);
        }
    }

    /// <summary>RESULT has arrived.</summary>
    /// <exception cref="WorkerProtocolException">It cannot be read, or is the second answer.</exception>
    public void OnResult(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        var head = ResultHead.Read(header);
        var publish = false;
        lock (_gate)
        {
            TakeAnswer();
            if (!_headSet)
            {
                SetAnswer(head, body);
                publish = SealHead();
            }
            else if (head.Streamed)
            {
                // The caller has gone: what still comes is let through and dropped.
                _answer = AnswerBody.Discarding(_channel.Sender, WireId);
            }
            else
            {
                _answerEnded = true;
            }
        }

        Publish(publish);
    }

    /// <summary>A piece of the answer has arrived.</summary>
    public void OnBody(ReadOnlySpan<byte> piece)
    {
        BytesOut += piece.Length;
        (_answer ?? throw new WorkerProtocolException("The worker sent BODY without a streamed RESULT.")).Write(piece);
    }

    /// <summary>The streamed answer, or the WebSocket, has ended.</summary>
    /// <exception cref="WorkerProtocolException">There was none.</exception>
    public void OnEnd(End? end)
    {
        lock (_gate)
        {
            if (_answerEnded)
            {
                return;
            }

            if (_answer is null && _messages is null)
            {
                throw new WorkerProtocolException("The worker sent END without a streamed RESULT.");
            }

            _answerEnded = true;
            if (end?.Error is { } error)
            {
                SetFailure(KnownProblems.FunctionError(error.Type, error.Message, error.Stack));
            }
        }

        _answer?.Complete(LateProblem);
        _messages?.Complete(end?.Code ?? (end?.Error is null ? 1000 : 1011), end?.Reason ?? "");
        CloseIfDone();
    }

    /// <summary>ERROR has arrived.</summary>
    /// <exception cref="WorkerProtocolException">It is the second answer.</exception>
    public void OnError(WorkerError error)
    {
        bool publish;
        lock (_gate)
        {
            TakeAnswer();
            _answerEnded = true;
            publish = SetFailure(FromError(error));
        }

        Publish(publish);
    }

    /// <summary>The worker takes more of the request.</summary>
    public void OnWindow(uint bytes)
    {
        _request?.AddCredit(bytes);
        _messages?.AddCredit(bytes);
    }

    /// <summary>A WebSocket message has arrived.</summary>
    public void OnMessage(ReadOnlySpan<byte> message, bool text)
    {
        BytesOut += message.Length;
        (_messages ?? throw new WorkerProtocolException("The worker sent MESSAGE without an accepted WebSocket.")).Receive(message, text);
    }

    /// <summary>The function asks something of the platform.</summary>
    /// <exception cref="WorkerProtocolException">It breaks a rule.</exception>
    public void OnAsk(ReadOnlySpan<byte> body)
    {
        var asks = _asks;
        if (asks is null)
        {
            lock (_gate)
            {
                // What is asked after the answer is asked by nobody.
                if (_answerEnded)
                {
                    return;
                }

                asks = _asks = new CallAsks(_channel, WireId, Invocation);
            }
        }

        asks.OnAsk(body);
    }

    /// <summary>The function no longer waits for something that it asked.</summary>
    /// <exception cref="WorkerProtocolException">It breaks a rule.</exception>
    public void OnWithdraw(ReadOnlySpan<byte> body) => _asks?.OnWithdraw(body);

    /// <summary>Whether its deadline passed while the worker still had it.</summary>
    public bool Expired { get; private set; }

    /// <summary>The deadline has passed. False when the answer was quicker after all.</summary>
    public bool Expire()
    {
        lock (_gate)
        {
            Deadline = long.MaxValue;
            if (_closed || _answerEnded)
            {
                return false;
            }

            Expired = true;
        }

        Abandon(KnownProblems.Timeout(LateText()), "deadline"u8);
        return true;
    }

    /// <summary>The instance is gone.</summary>
    public void Fail(Problem problem)
    {
        bool publish;
        lock (_gate)
        {
            _answerEnded = true;
            _requestEnded = true;
            publish = SetFailure(problem);
        }

        _request?.Stop();
        _answer?.Complete(LateProblem ?? problem);
        _messages?.Complete(1011, problem.Title);
        Publish(publish);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        bool abandoned;
        lock (_gate)
        {
            abandoned = !_closed && !_answerEnded;
            if (_rented is not null)
            {
                Body = default;
                ArrayPool<byte>.Shared.Return(_rented);
                _rented = null;
            }
        }

        if (abandoned)
        {
            Abandon(KnownProblems.ClientGone(), "client-gone"u8);
        }

        _answer?.Reader.Complete();
        _messages?.Close(1001, "");

        // Whoever disposes is about to reuse the connection that the body is read from.
        _request?.Stop();
        return new ValueTask(_sending);
    }

    InvocationResult IValueTaskSource<InvocationResult>.GetResult(short token) => _head.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<InvocationResult>.GetStatus(short token) => _head.GetStatus(token);

    void IValueTaskSource<InvocationResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _head.OnCompleted(continuation, state, token, flags);

    /// <summary>A WebSocket's client has closed, or will send no more.</summary>
    internal void EndRequest()
    {
        lock (_gate)
        {
            _requestEnded = true;
        }

        CloseIfDone();
    }

    internal void CountIn(int bytes) => BytesIn += bytes;

    private void SetAnswer(in ResultHead head, ReadOnlySpan<byte> body)
    {
        Status = head.Status;
        Headers = head.Headers;
        if (head.Status == 101 && Invocation.Trigger == Trigger.WebSocket)
        {
            Deadline = Invocation.Deadline = long.MaxValue;
            WebSocket = _messages = new MessageChannel(this, _channel.Sender);
        }
        else if (head.Streamed)
        {
            _answer = new AnswerBody(_channel.Sender, WireId);
            BodyStream = _answer.Reader;
        }
        else
        {
            if (body.Length > 0)
            {
                _rented = ArrayPool<byte>.Shared.Rent(body.Length);
                body.CopyTo(_rented);
                Body = _rented.AsMemory(0, body.Length);
                BytesOut = body.Length;
            }

            _answerEnded = true;
        }
    }

    // All below runs under the gate, but for Abandon, Publish and CloseIfDone.
    private void TakeAnswer()
    {
        if (_answered)
        {
            throw new WorkerProtocolException("The worker answered a call twice.");
        }

        _answered = true;
    }

    // Gives whether the head is to be published with it.
    private bool SetFailure(Problem problem)
    {
        if (_headSet)
        {
            if (LateProblem is null && Problem is null)
            {
                LateProblem = problem;
                Outcome = Outcomes.Of(problem);
            }

            return false;
        }

        Problem = problem;
        Status = problem.Status;
        Outcome = Outcomes.Of(problem);
        return SealHead();
    }

    private bool SealHead()
    {
        _headSet = true;
        Timing = new InvocationTiming(_opening.Kind, _opening.Queued, _opening.Starting, _channel.Time.GetElapsedTime(StartedAt));
        return true;
    }

    private void Abandon(Problem problem, ReadOnlySpan<byte> reason)
    {
        bool publish;
        lock (_gate)
        {
            if (_closed || _answerEnded)
            {
                return;
            }

            _abandoned = true;
            publish = SetFailure(problem);
        }

        _channel.Sender.Send(FrameKind.Cancel, WireId, reason.SequenceEqual("deadline"u8) ? """{"reason":"deadline"}"""u8 : """{"reason":"client-gone"}"""u8, []);
        _request?.Stop();
        _answer?.Abandon(LateProblem ?? problem);
        if (_messages is not null)
        {
            _messages.Complete(1001, problem.Title);
            EndRequest();
        }

        Publish(publish);
    }

    // The instance takes its next call before the caller's continuation spends time on this one; and that runs on this
    // thread: one hop less on the path of every warm call.
    private void Publish(bool head)
    {
        CloseIfDone();
        if (head)
        {
            _head.SetResult(this);
        }
    }

    private void CloseIfDone()
    {
        bool closing;
        CallAsks? asks;
        lock (_gate)
        {
            if (_closed || !_answerEnded)
            {
                return;
            }

            asks = _asks;

            // A WebSocket that was never accepted has no request to end.
            closing = _closed = _requestEnded || (Invocation.Trigger == Trigger.WebSocket && _messages is null);
        }

        asks?.End();
        if (!closing)
        {
            // An early answer: the rest of the request is not wanted.
            _request?.Stop();
            return;
        }

        _cancellation.Unregister();
        _channel.Close(this);
    }

    private string LateText()
    {
        var timeout = Invocation.Function.Spec.Timeout;
        var own = _channel.Time.GetElapsedTime(Invocation.ReceivedAt) >= timeout.Span;
        return own ? $"'{Invocation.Function}' did not answer within {timeout}." : $"'{Invocation.Function}' did not answer before its caller's own time was over.";
    }

    private async Task SendBodyAsync(RequestBody request)
    {
        Problem? problem = null;
        try
        {
            await request.SendAsync(this);
        }
        catch (ProblemException e)
        {
            problem = e.Problem;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client's connection broke while it sent its request.
            problem = KnownProblems.ClientGone();
        }

        if (problem is not null)
        {
            Abandon(problem, "client-gone"u8);
        }

        _channel.Sender.Send(FrameKind.End, WireId, [], []);
        EndRequest();
    }

    private Problem FromError(WorkerError error) => error.Type switch
    {
        "unserialisable" or "invalid-response" => KnownProblems.InvalidAnswer(error.Type, error.Message),
        "invalid-body" => KnownProblems.InvalidBody(error.Message),
        "cancelled" when _abandoned => KnownProblems.ClientGone(),
        _ => KnownProblems.FunctionError(error.Type, error.Message, error.Stack),
    };
}
