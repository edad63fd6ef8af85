using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Channel;
using Virga.Execution.Memory;
using Virga.Execution.Pools;
using Virga.Execution.Processes;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Instances;

/// <summary>
/// One sandboxed worker: generic at first, then specialised for one function version for the rest of its life. It ends
/// when its worker does, and tells its owner so exactly once.
/// </summary>
internal sealed partial class Instance : IChannelOwner, IAsyncDisposable
{
    private static readonly TimeSpan ExitGrace = TimeSpan.FromMilliseconds(500);

    private readonly SandboxProcess _process;
    private readonly MemoryReservation _memory;
    private readonly WorkerChannel _channel;
    private readonly InstanceServices _services;
    private readonly ITimer _deadlineTimer;
    private readonly Task _life;
    private readonly Lock _timerGate = new();

    // Nobody kills a process that is being disposed of: its pid may be another's by then.
    private readonly Lock _endGate = new();
    private bool _ended;
    private long _armedFor = long.MaxValue;
    private int _open;
    private int _expired;
    private long _peakMemory;
    private long _peakSampledAt;
    private string? _killedBecause;
    private IInstanceOwner? _owner;

    /// <param name="memory">Its share of the node's memory, as large as its limit; given back when it ends.</param>
    public Instance(string id, SandboxProcess process, MemoryReservation memory, InstanceServices services)
    {
        Id = id;
        AffinityHash = Affinity.Hash(id);
        _process = process;
        _memory = memory;
        _services = services;
        StartedAt = services.Time.GetUtcNow();
        _channel = new WorkerChannel(process.Channel, this, services.Platform, services.Time);

        // An instance outlives the call that it was started for, and must not carry that call's trace.
        var flow = ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow();
        _deadlineTimer = services.Time.CreateTimer(static state => ((Instance)state!).CheckDeadlines(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _life = LiveAsync();
        flow?.Undo();
        services.Tasks.Add(_life, $"instance {id}");
    }

    public string Id { get; }

    /// <summary>Its part in the choice of an instance for sticky routing.</summary>
    public ulong AffinityHash { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>What it runs; null while it is generic.</summary>
    public FunctionVersion? Function { get; private set; }

    /// <summary>Whether it has its function's files: from then on what becomes of it may be the function's doing.</summary>
    public bool HasPackage { get; private set; }

    /// <summary>When it was ready for its function, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long ReadyAt { get; private set; }

    /// <summary>How long it took from being asked for to being ready for its function.</summary>
    public TimeSpan StartDuration { get; private set; }

    /// <summary>Calls that it has been given. Changed by the pool, under the pool's lock.</summary>
    public int Calls { get; set; }

    /// <summary>Calls that it has at the moment. Changed by the pool, under the pool's lock.</summary>
    public int InFlight { get; set; }

    /// <summary>When its last call ended, as <see cref="TimeProvider.GetTimestamp"/>. Changed by the pool, under the pool's lock.</summary>
    public long IdleSince { get; set; }

    /// <summary>What its pool does with it. Changed by the pool, under the pool's lock.</summary>
    public InstanceState State { get; set; }

    public int Pid => _process.Pid;

    /// <summary>Memory that it occupies: without what is in swap, and without file pages, which it shares.</summary>
    public long ResidentBytes => _process.ResidentBytes();

    /// <summary>Whether the worker has ended.</summary>
    public bool HasEnded => _life.IsCompleted;

    /// <summary>Completes when the worker is ready to be specialised.</summary>
    /// <exception cref="ProblemException">It never became ready.</exception>
    public async Task ReadyAsync(CancellationToken cancellation)
    {
        try
        {
            var hello = await _channel.Hello.WaitAsync(_services.Options.StartTimeout, _services.Time, cancellation);
            if (hello.Protocol != 1)
            {
                throw new ProblemException(KnownProblems.Unavailable($"The worker speaks version {hello.Protocol} of the protocol; this node speaks version 1.", "Install a runtime that fits this version of Virga."));
            }

            await _process.NetworkReady.WaitAsync(_services.Options.StartTimeout, _services.Time, cancellation);
        }
        catch (SandboxException e)
        {
            Kill("it has no network");
            throw new ProblemException(KnownProblems.Unavailable(e.Message, "See \"Network egress\" in SECURITY.md for what it needs."), e);
        }
        catch (WorkerProtocolException e)
        {
            await _life;
            throw new ProblemException(KnownProblems.Unavailable($"The environment's worker ended before it was ready: {e.Message} {LastErrorOutput}".TrimEnd(), "Check the environment's command with `virga env get`."), e);
        }
        catch (TimeoutException e)
        {
            Kill("it was not ready in time");
            throw new ProblemException(KnownProblems.Unavailable($"The environment's worker was not ready within {_services.Options.StartTimeout.TotalSeconds:0} s.", "Check the environment's command with `virga env get`."), e);
        }
    }

    /// <summary>Loads a function. After a failure the instance ends itself.</summary>
    /// <exception cref="ProblemException">The function cannot be loaded, or the worker ended meanwhile.</exception>
    public async Task SpecialiseAsync(FunctionVersion function, string packagePath, IInstanceOwner owner, long requestedAt, CancellationToken cancellation)
    {
        _owner = owner;
        Function = function;
        var spec = function.Spec;
        try
        {
            _process.UpdateLimits(spec.Memory.Bytes, spec.Cpu);
            _memory.TryResize(_process.MemoryLimit(spec.Memory.Bytes));
            _process.AttachPackage(packagePath);
            HasPackage = true;
        }
        catch (SandboxException e)
        {
            Kill("it could not be made ready for its function");
            throw new ProblemException(KnownProblems.LoadFailed("sandbox", e.Message, null, null), e);
        }

        var request = new Specialise(
            function.Name.Tenant.Value,
            function.Name.Namespace.Value,
            function.Name.Name.Value,
            function.Version,
            _process.CodeRoot,
            spec.Handler,
            spec.Variables,
            spec.Concurrency,
            spec.RequestBody,
            spec.Memory.Bytes,
            _services.Options.NodeName.Value,
            Snapshot: _process.Spec.Isolation == Isolation.Gvisor && spec.KeepWarm.Snapshot.Span > TimeSpan.Zero);
        Specialised answer;
        try
        {
            answer = await _channel.SpecialiseAsync(request, cancellation).WaitAsync(_services.Options.StartTimeout, _services.Time, cancellation);
        }
        catch (WorkerProtocolException e)
        {
            await _life;
            throw new ProblemException(EndedBy(await _process.Exited, e, "while it loaded the function"), e);
        }
        catch (TimeoutException e)
        {
            Kill("it did not load its function in time");
            throw new ProblemException(KnownProblems.LoadFailed("timeout", $"The function did not load within {_services.Options.StartTimeout.TotalSeconds:0} s.", null, null), e);
        }

        if (!answer.Ok)
        {
            Kill("its function could not be loaded");
            var error = answer.Error ?? new WorkerError();
            throw new ProblemException(KnownProblems.LoadFailed(error.Type, error.Message, error.Location, error.Stack));
        }

        MayBecomeSnapshot = request.Snapshot && answer.Snapshot;
        ReadyAt = _services.Time.GetTimestamp();
        ReportResidency();
        StartDuration = _services.Time.GetElapsedTime(requestedAt, ReadyAt);
    }

    /// <summary>Gives the instance a call; null when the worker is gone already and the call was not sent.</summary>
    public WorkerCall? TryCall(Invocation invocation, in CallOpening opening, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _open);
        var call = _channel.Open(invocation, opening, _process.CpuTime(), cancellation);
        if (call is null)
        {
            Interlocked.Decrement(ref _open);
            return null;
        }

        if (opening.Deadline < Volatile.Read(ref _armedFor))
        {
            Arm(opening.Deadline);
        }

        return call;
    }

    /// <summary>Asks the worker to exit, and kills it if it does not.</summary>
    public async Task StopAsync()
    {
        if (_tier == InstanceTier.Frozen)
        {
            // It cannot hear anything.
            Kill("it was no longer needed");
            await _life;
            return;
        }

        _killedBecause ??= "it was no longer needed";
        _channel.Shutdown();
        var exited = await Task.WhenAny(_process.Exited, Task.Delay(ExitGrace, _services.Time));
        if (exited != _process.Exited)
        {
            Kill("it did not exit when it was asked to");
        }

        await _life;
    }

    /// <summary>Ends the worker at once; does nothing when it has ended.</summary>
    public void Kill(string because)
    {
        lock (_endGate)
        {
            if (!_ended)
            {
                _killedBecause ??= because;
                _process.Kill();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Kill("the node stops");
        await _life;
    }

    void IChannelOwner.OnLog(WorkerCall? call, ReadOnlySpan<byte> header, ReadOnlySpan<byte> text)
    {
        var level = FunctionLogLevel.Info;
        string? fields = null;
        if (!header.IsEmpty)
        {
            try
            {
                var head = JsonSerializer.Deserialize(header, ProtocolJson.Default.LogHead);
                level = head?.Level switch { "debug" => FunctionLogLevel.Debug, "warn" => FunctionLogLevel.Warn, "error" => FunctionLogLevel.Error, _ => FunctionLogLevel.Info };
                fields = head?.Fields is { ValueKind: JsonValueKind.Object } given ? given.GetRawText() : null;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new WorkerProtocolException($"The header of a LOG frame cannot be read: {e.Message}", e);
            }
        }

        foreach (var line in text.Split((byte)'\n'))
        {
            if (line.End.Value > line.Start.Value || text.Length == 0)
            {
                WriteLog(call, level, Encoding.UTF8.GetString(text[line]), fields);
            }
        }
    }

    void IChannelOwner.OnCallClosed(WorkerCall call)
    {
        var others = Interlocked.Decrement(ref _open);
        if (call.Expired)
        {
            Interlocked.Decrement(ref _expired);
        }

        var duration = _services.Time.GetElapsedTime(call.StartedAt);
        Report(call, duration, others + 1);
        var inFlight = _owner!.OnCallClosed(this, call.Outcome == Outcome.Result && call.WebSocket is null ? duration : TimeSpan.Zero);
        KillWhenOnlyExpired(inFlight);
    }

    void IChannelOwner.OnDeadlineMissed(WorkerCall call)
    {
        Interlocked.Increment(ref _expired);
        KillWhenOnlyExpired(_owner!.OnRecycle(this));
    }

    // Calls that the pool has given a place count as in flight even before they are sent.
    private void KillWhenOnlyExpired(int inFlight)
    {
        var expired = Volatile.Read(ref _expired);
        if (expired > 0 && inFlight <= expired)
        {
            Kill("a call missed its deadline");
        }
    }

    private void Report(WorkerCall call, TimeSpan duration, int sharedBy)
    {
        var time = _services.Time;
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(Volatile.Read(ref _peakSampledAt), now) > TimeSpan.FromSeconds(1) || _peakSampledAt == 0)
        {
            Volatile.Write(ref _peakSampledAt, now);
            Volatile.Write(ref _peakMemory, _process.PeakMemoryBytes());
        }

        var cpu = _process.CpuTime() - call.CpuAtStart;
        var problem = call.Problem ?? call.LateProblem;
        if (problem is { Fault: not Fault.Client })
        {
            WriteLog(call, FunctionLogLevel.Error, FailureText.Of(problem), null);
        }

        _services.Observer.Completed(new InvocationRecord
        {
            Id = call.Invocation.Id,
            Function = call.Invocation.Function,
            Trigger = call.Invocation.Trigger,
            Outcome = call.Outcome,
            Status = call.Status,
            Problem = problem,
            Instance = Id,
            Timing = call.Timing,
            Duration = duration,
            CpuTime = cpu > TimeSpan.Zero ? cpu / sharedBy : TimeSpan.Zero,
            PeakMemoryBytes = Volatile.Read(ref _peakMemory),
            BytesIn = call.BytesIn,
            BytesOut = call.BytesOut,
        });
    }

    // The timer is armed for the first deadline only; when it fires it looks at all calls, and is armed again for the next one.
    private void Arm(long deadline)
    {
        lock (_timerGate)
        {
            if (deadline >= _armedFor)
            {
                return;
            }

            Volatile.Write(ref _armedFor, deadline);
            var remaining = _services.Time.GetElapsedTime(_services.Time.GetTimestamp(), deadline);
            _deadlineTimer.Change(remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void CheckDeadlines()
    {
        Volatile.Write(ref _armedFor, long.MaxValue);
        var next = _channel.ExpireCalls(_services.Time.GetTimestamp());
        if (next != long.MaxValue)
        {
            Arm(next);
        }
    }

    private async Task LiveAsync()
    {
        var errors = ReadErrorOutputAsync();
        var problem = KnownProblems.Crashed($"The instance of '{Function}' ended.");
        try
        {
            problem = await UntilEndAsync();
        }
        catch (Exception e)
        {
            LogEndFailed(_services.Logger, Id, e);
        }

        _owner?.OnRecycle(this);
        _channel.FailAll(problem);
        await _deadlineTimer.DisposeAsync();
        Account(_tier, Volatile.Read(ref _residentBytes));
        _owner?.OnInstanceEnded(this);
        lock (_endGate)
        {
            _ended = true;
        }

        try
        {
            await _process.DisposeAsync();
        }
        finally
        {
            _memory.Dispose();
        }

        await errors;
    }

    // Waits until the worker is gone, makes sure of it, and says why.
    private async Task<Problem> UntilEndAsync()
    {
        var receiving = _channel.ReceiveAsync();
        if (await Task.WhenAny(receiving, _process.Exited) != receiving && await Task.WhenAny(receiving, Task.Delay(ExitGrace, _services.Time)) != receiving)
        {
            // The worker is dead, but a child of it still holds the channel open.
            Kill("its worker ended");
            _process.Channel.Shutdown(System.Net.Sockets.SocketShutdown.Both);
        }

        var reason = await receiving;

        // Out of the pool first: who hears of the failure may call again at once.
        _owner?.OnRecycle(this);
        if (reason is not null || await Task.WhenAny(_process.Exited, Task.Delay(ExitGrace, _services.Time)) != _process.Exited)
        {
            await _process.EndAsync();
        }

        var problem = EndedBy(await _process.Exited, reason, "during the call");
        if (_killedBecause is null)
        {
            LogEnded(_services.Logger, Id, Function?.ToString() ?? "generic", problem.Detail ?? problem.Title);
            WriteLog(null, FunctionLogLevel.Error, problem.Detail ?? problem.Title, null);
        }

        return problem;
    }

    private Problem EndedBy(ProcessExit exit, WorkerProtocolException? reason, string when)
    {
        if (exit.OutOfMemory)
        {
            var limit = Function?.Spec.Memory.ToString() ?? "its limit";
            return KnownProblems.OutOfMemory($"The instance of '{Function}' used more than {limit} of memory {when}, and was ended.");
        }

        if (reason is not null && exit.Signal == 9)
        {
            return KnownProblems.Crashed($"The instance of '{Function}' was ended {when}: {reason.Message}");
        }

        return _killedBecause is { } because
            ? KnownProblems.Crashed($"The instance of '{Function}' was ended because {because}.")
            : KnownProblems.Crashed($"The instance of '{Function}' ended {when}: {exit}.");
    }

    private void WriteLog(WorkerCall? call, FunctionLogLevel level, string text, string? fields)
    {
        if (Function is { } function)
        {
            _services.Log.Write(new FunctionLogLine(_services.Time.GetUtcNow(), function, Id, call?.Invocation.Id, level, text, fields));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The end of instance {Instance} could not be watched to its last step")]
    private static partial void LogEndFailed(ILogger logger, string instance, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Instance {Instance} of {Function}: {Reason}")]
    private static partial void LogEnded(ILogger logger, string instance, string function, string reason);
}
