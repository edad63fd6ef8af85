using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Virga.Core.Invocations;
using Virga.Core.Problems;

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
    private bool _requestEnded;
    private bool _answerEnded;
    private bool _closed;
    private byte[]? _rented;
    private AnswerBody? _answer;
    private MessageChannel? _messages;
    private RequestBody? _request;
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
                registration.Dispose();
            }
        }

        if (Invocation.BodyStream is { } body)
        {
            _request = new RequestBody(_channel.Sender, WireId, body);
            _sending = SendBodyAsync(_request);
        }
    }

    /// <summary>RESULT has arrived.</summary>
    public void OnResult(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        var head = ResultHead.Read(header);
        lock (_gate)
        {
            if (_headSet)
            {
                // The caller has gone: what still comes is let through and dropped.
                if (head.Status == 101)
                {
                    _channel.Sender.Send(FrameKind.End, WireId, [], []);
                    _requestEnded = true;
                }
                else if (head.Streamed)
                {
                    _answer = AnswerBody.Discarding(_channel.Sender, WireId);
                    return;
                }

                _answerEnded = true;
            }
            else
            {
                SetAnswer(head, body);
            }
        }

        PublishHead();
        CloseIfDone();
    }

    /// <summary>A piece of the answer has arrived.</summary>
    public void OnBody(ReadOnlySpan<byte> piece)
    {
        BytesOut += piece.Length;
        (_answer ?? throw new WorkerProtocolException("The worker sent BODY without a streamed RESULT.")).Write(piece);
    }

    /// <summary>The streamed answer, or the WebSocket, has ended.</summary>
    public void OnEnd(End? end)
    {
        lock (_gate)
        {
            _answerEnded = true;
            if (end?.Error is { } error && LateProblem is null && Problem is null)
            {
                LateProblem = KnownProblems.FunctionError(error.Type, error.Message, error.Stack);
                Outcome = Outcome.FunctionError;
            }
        }

        _answer?.Complete(LateProblem);
        _messages?.Complete(end?.Code ?? (end?.Error is null ? 1000 : 1011), end?.Reason ?? "");
        CloseIfDone();
    }

    /// <summary>ERROR has arrived.</summary>
    public void OnError(WorkerError error)
    {
        lock (_gate)
        {
            _answerEnded = true;
            var problem = FromError(error);
            SetFailure(problem, Outcomes.Of(problem));
        }

        _answer?.Complete(LateProblem);
        PublishHead();
        CloseIfDone();
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

    /// <summary>Whether its deadline passed while the worker still had it.</summary>
    public bool Expired { get; private set; }

    /// <summary>The deadline has passed.</summary>
    public void Expire()
    {
        Deadline = long.MaxValue;
        Expired = true;
        Abandon(KnownProblems.Timeout($"'{Invocation.Function}' did not answer within {Invocation.Function.Spec.Timeout}."), "deadline"u8);
    }

    /// <summary>The instance is gone.</summary>
    public void Fail(Problem problem)
    {
        lock (_gate)
        {
            _answerEnded = true;
            _requestEnded = true;
            SetFailure(problem, Outcomes.Of(problem));
        }

        _request?.Stop();
        _answer?.Complete(LateProblem ?? problem);
        _messages?.Complete(1011, problem.Title);
        PublishHead();
        CloseIfDone();
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
            Deadline = long.MaxValue;
            WebSocket = _messages = new MessageChannel(this, _channel.Sender);
        }
        else if (head.Streamed)
        {
            _answer = new AnswerBody(_channel.Sender, WireId);
            BodyStream = _answer.Reader;
            _requestEnded |= Invocation.Trigger == Trigger.WebSocket;
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
            _requestEnded |= Invocation.Trigger == Trigger.WebSocket;
        }
    }

    private void SetFailure(Problem problem, Outcome outcome)
    {
        if (_headSet || _answer is not null || _messages is not null)
        {
            if (LateProblem is null && Problem is null)
            {
                LateProblem = problem;
                Outcome = outcome;
            }

            return;
        }

        Problem = problem;
        Status = problem.Status;
        Outcome = outcome;
    }

    private void Abandon(Problem problem, ReadOnlySpan<byte> reason)
    {
        lock (_gate)
        {
            if (_closed || _answerEnded)
            {
                return;
            }

            SetFailure(problem, Outcomes.Of(problem));
        }

        _channel.Sender.Send(FrameKind.Cancel, WireId, reason.SequenceEqual("deadline"u8) ? """{"reason":"deadline"}"""u8 : """{"reason":"client-gone"}"""u8, []);
        _request?.Stop();
        _answer?.Abandon(LateProblem ?? problem);
        if (_messages is not null)
        {
            _messages.Complete(1001, problem.Title);
            EndRequest();
        }

        PublishHead();
    }

    // Runs the caller's continuation on this thread: one hop less on the path of every warm call.
    private void PublishHead()
    {
        lock (_gate)
        {
            if (_headSet)
            {
                return;
            }

            _headSet = true;
            Timing = new InvocationTiming(_opening.Cold, _opening.Queued, _opening.Starting, _channel.Time.GetElapsedTime(StartedAt));
        }

        // The instance takes its next call before the caller's continuation spends time on this one.
        CloseIfDone();
        _head.SetResult(this);
    }

    private void CloseIfDone()
    {
        lock (_gate)
        {
            if (_closed || !_answerEnded)
            {
                return;
            }

            if (!_requestEnded)
            {
                // An early answer: the rest of the request is not wanted.
                _request?.Stop();
                return;
            }

            _closed = true;
        }

        _cancellation.Dispose();
        _channel.Close(this);
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

    private static Problem FromError(WorkerError error) => error.Type switch
    {
        "unserialisable" or "invalid-response" => KnownProblems.InvalidAnswer(error.Type, error.Message),
        "invalid-body" => KnownProblems.InvalidBody(error.Message),
        "cancelled" => KnownProblems.ClientGone(),
        _ => KnownProblems.FunctionError(error.Type, error.Message, error.Stack),
    };
}
