using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Asks;
using Virga.Execution.Channel;
using Virga.Execution.Instances;
using Virga.Execution.Memory;
using Virga.Execution.Pools;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;
using Virga.Execution.Snapshots;

namespace Virga.Execution.Scheduling;

/// <summary>Finds an instance for every invocation, or has one started: the entrance to execution.</summary>
public sealed partial class Scheduler : IInvoker, IFunctionLifecycleListener, IAsyncDisposable
{
    private readonly ConcurrentDictionary<FunctionVersion, FunctionPool> _functions = new(ReferenceEqualityComparer.Instance);
    private readonly IsolationPolicy _isolation;
    private readonly GenericPools _generic;
    private readonly MemoryRelief _relief;
    private readonly ProcessorLoad _processor = new();
    private readonly InstanceServices _instances;
    private readonly FunctionPoolServices _poolServices;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private int _ticking;
    private int _inFlight;
    private TaskCompletionSource? _drained;

    internal Scheduler(
        ExecutionOptions options,
        SandboxHost sandboxes,
        IEnvironmentCatalog environments,
        IPackageDirectory packages,
        IFunctionLog log,
        IInvocationObserver observer,
        IResidencyObserver residency,
        IScaleObserver scale,
        IPlatformCalls platform,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Virga.Execution");
        DefaultIsolation = options.DefaultIsolation ?? sandboxes.DefaultIsolation;
        _isolation = new IsolationPolicy(DefaultIsolation, options.IsolationMinimums);
        Memory = new MemoryBudget(options.MemoryBudget.Bytes, options.StartTimeout, time);
        _instances = new InstanceServices(options, time, log, observer, residency, new PlatformPort(platform, logger), Memory, new BackgroundTasks(logger), logger);
        var starter = new InstanceStarter(sandboxes, _instances);
        Snapshots = options.SnapshotDirectory is { } folder && sandboxes.Capabilities.GvisorMissing is null
            ? new SnapshotSource(
                SnapshotStore.Open(new SnapshotOptions { Directory = folder, BudgetBytes = options.SnapshotBudget.Bytes }, sandboxes.Gvisor, time, logger), sandboxes.Gvisor, starter, _instances)
            : null;
        _generic = new GenericPools(environments, IsolationOf, starter, _instances);
        _relief = new MemoryRelief(Memory, () => _functions.Values, _generic, Snapshots, logger);
        Memory.RunShort += _relief.Request;
        _poolServices = new FunctionPoolServices(
            new InstanceSource(_generic, Snapshots, starter, packages, time), new NodeQueue(options.NodeQueueLimit), scale, () => _processor.IsBusy, _relief.Request, _stopping.Token);
        _timer = time.CreateTimer(static state => ((Scheduler)state!).Tick(), this, options.ScaleInterval, options.ScaleInterval);
    }

    /// <summary>Which part of the machine's processors was in use in the last second, 0 to 1.</summary>
    public double ProcessorUse => _processor.Use;

    /// <summary>The isolation of functions that name none.</summary>
    public Isolation DefaultIsolation { get; }

    /// <summary>The isolation that a version runs in.</summary>
    public Isolation IsolationOf(FunctionVersion version) => _isolation.For(version);

    /// <summary>Restores instances from snapshots; null where that is not possible.</summary>
    internal SnapshotSource? Snapshots { get; }

    /// <summary>The memory that all instances may have together.</summary>
    internal MemoryBudget Memory { get; }

    /// <inheritdoc/>
    public ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation) =>
        ExecutionTrace.IsOn ? ExecutionTrace.InvokeAsync(this, invocation, cancellation) : InvokeUntracedAsync(invocation, cancellation);

    internal ValueTask<InvocationResult> InvokeUntracedAsync(Invocation invocation, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _inFlight);
        if (Volatile.Read(ref _drained) is not null)
        {
            return Reject(invocation, KnownProblems.Unavailable("The node is shutting down.", "Try another node, or again when it is back."));
        }

        var timeout = invocation.Function.Spec.Timeout.Span;
        invocation.Deadline = Math.Min(invocation.Deadline, invocation.ReceivedAt + (long)(timeout.TotalSeconds * _instances.Time.TimestampFrequency));
        var pool = PoolOf(invocation.Function);
        if (pool.TryAcquire(invocation.Affinity) is { } instance)
        {
            var queued = _instances.Time.GetElapsedTime(invocation.ReceivedAt);
            if (TrySend(pool, instance, invocation, StartKind.Warm, queued, TimeSpan.Zero, cancellation) is { } call)
            {
                return call.Head;
            }
        }

        return QueueAsync(pool, invocation, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask PrepareAsync(FunctionVersion version, CancellationToken cancellation)
    {
        if (version.KeepsInstances)
        {
            while (!await PoolOf(version).PrepareAsync(cancellation))
            {
                // It was forgotten just then: the next one is new.
                await Task.Yield();
            }
        }
    }

    /// <inheritdoc/>
    public void VersionLive(FunctionVersion version)
    {
        // A version that keeps nothing ready costs nothing before its first call.
        if (version.KeepsInstances)
        {
            while (!PoolOf(version).GoLive())
            {
                // It was forgotten just then, and is about to leave the table.
                Thread.Yield();
            }
        }
        else if (_functions.TryGetValue(version, out var pool))
        {
            pool.GoLive();
        }
    }

    /// <inheritdoc/>
    public void VersionRetired(FunctionVersion version)
    {
        Snapshots?.Drop(version);
        if (_functions.TryGetValue(version, out var pool))
        {
            pool.Retire();
        }
    }

    /// <summary>What a version's pool holds; null when it has none.</summary>
    public FunctionPoolStatus? StatusOf(FunctionVersion version) => _functions.TryGetValue(version, out var pool) ? pool.Status() : null;

    /// <summary>What the pools of all versions of a function hold.</summary>
    public IReadOnlyList<FunctionPoolStatus> StatusOf(Core.Names.FunctionName function) =>
        [.. _functions.Where(p => p.Key.Name == function).Select(p => p.Value.Status())];

    /// <summary>The pools of generic instances.</summary>
    public IReadOnlyList<GenericPoolStatus> GenericPools() => _generic.Status();

    /// <summary>What all pools of function versions hold.</summary>
    public IReadOnlyList<FunctionPoolStatus> FunctionPools() => [.. _functions.Values.Select(p => p.Status())];

    /// <summary>Whether new instances of a version are restored from a snapshot on disk.</summary>
    public bool HasSnapshot(FunctionVersion version) => Snapshots?.Has(version) == true;

    /// <summary>Versions of which nothing but a snapshot on disk is left here: they have no pool.</summary>
    public IReadOnlyList<FunctionVersion> AtRest() => [.. (Snapshots?.Functions ?? []).Where(version => !_functions.ContainsKey(version))];

    /// <summary>What the node's instances have, and may have, of its memory, in bytes.</summary>
    public (long Reserved, long Budget) MemoryUse => (Memory.Reserved, Memory.Bytes);

    /// <summary>Takes no new calls, and waits for those that run, as long as <paramref name="patience"/>.</summary>
    /// <returns>Whether all calls ended in time.</returns>
    public async Task<bool> DrainAsync(TimeSpan patience)
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // A full fence: a call either sees it and is refused, or is counted before the count is read.
        Interlocked.Exchange(ref _drained, drained);
        if (Volatile.Read(ref _inFlight) == 0)
        {
            return true;
        }

        var first = await Task.WhenAny(drained.Task, Task.Delay(patience, _instances.Time));
        return first == drained.Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _drained ??= new TaskCompletionSource();
        await _timer.DisposeAsync();
        await _stopping.CancelAsync();
        await _generic.DisposeAsync();
        if (Snapshots is not null)
        {
            await Snapshots.DisposeAsync();
        }

        foreach (var pool in _functions.Values)
        {
            pool.KillAll();
        }

        await _instances.Tasks.WhenAllAsync();
        await _instances.Platform.CloseAsync();
        _stopping.Dispose();
    }

    private async ValueTask<InvocationResult> QueueAsync(FunctionPool pool, Invocation invocation, CancellationToken cancellation)
    {
        var time = _instances.Time;
        while (true)
        {
            Instance? instance;
            try
            {
                var patience = time.GetElapsedTime(time.GetTimestamp(), invocation.Deadline);
                instance = await pool.AcquireAsync(invocation.Affinity, patience > TimeSpan.Zero ? patience : TimeSpan.Zero, cancellation);
            }
            catch (ProblemException e)
            {
                return await Reject(invocation, e.Problem);
            }

            if (instance is null)
            {
                pool = PoolOf(invocation.Function);
                continue;
            }

            // Its first call is the one for which it was started.
            var waited = time.GetElapsedTime(invocation.ReceivedAt);
            var cold = instance.Calls <= invocation.Function.Spec.Concurrency && instance.StartDuration > TimeSpan.Zero && waited >= instance.StartDuration / 2 && time.GetElapsedTime(instance.ReadyAt) < waited;
            var kind = !cold ? (instance.WokenAt >= invocation.ReceivedAt ? StartKind.Thawed : StartKind.Warm) : instance.IsClone ? StartKind.Restored : StartKind.Cold;
            var starting = cold ? (instance.StartDuration < waited ? instance.StartDuration : waited) : TimeSpan.Zero;
            if (TrySend(pool, instance, invocation, kind, waited - starting, starting, cancellation) is { } call)
            {
                return await call.Head;
            }
        }
    }

    private WorkerCall? TrySend(FunctionPool pool, Instance instance, Invocation invocation, StartKind kind, TimeSpan queued, TimeSpan starting, CancellationToken cancellation)
    {
        var time = _instances.Time;
        var left = time.GetElapsedTime(invocation.ReceivedAt, invocation.Deadline) - queued - starting;
        var opening = new CallOpening(kind, queued, starting, invocation.Deadline, time.GetUtcNow().ToUnixTimeMilliseconds() + (long)left.TotalMilliseconds);
        var call = instance.TryCall(invocation, opening, cancellation);
        if (call is null)
        {
            pool.OnRecycle(instance);
            pool.Release(instance);
        }

        return call;
    }

    internal void OnCallEnded()
    {
        if (Interlocked.Decrement(ref _inFlight) == 0)
        {
            Volatile.Read(ref _drained)?.TrySetResult();
        }
    }

    private ValueTask<InvocationResult> Reject(Invocation invocation, Problem problem)
    {
        var queued = _instances.Time.GetElapsedTime(invocation.ReceivedAt);
        var result = new RejectedCall(problem, queued);
        if (problem.Fault != Fault.Client)
        {
            _instances.Log.Write(new FunctionLogLine(_instances.Time.GetUtcNow(), invocation.Function, "", invocation.Id, FunctionLogLevel.Error, FailureText.Of(problem)));
        }

        _instances.Observer.Completed(new InvocationRecord
        {
            Id = invocation.Id,
            Function = invocation.Function,
            Trigger = invocation.Trigger,
            Outcome = Outcomes.Of(problem),
            Status = problem.Status,
            Problem = problem,
            Instance = "",
            Timing = result.Timing,
            Duration = TimeSpan.Zero,
            CpuTime = TimeSpan.Zero,
            PeakMemoryBytes = 0,
            BytesIn = 0,
            BytesOut = 0,
        });
        OnCallEnded();
        return new ValueTask<InvocationResult>(result);
    }

    private FunctionPool PoolOf(FunctionVersion function) =>
        _functions.TryGetValue(function, out var pool) ? pool : _functions.GetOrAdd(function, static (f, self) => new FunctionPool(f, self._poolServices, self._instances, self.OnCallEnded), this);

    private void Tick()
    {
        // A machine that is too busy to finish one look before the next is due skips that one.
        if (Interlocked.Exchange(ref _ticking, 1) == 1)
        {
            return;
        }

        Try(_processor.Sample);
        foreach (var (function, pool) in _functions)
        {
            Try(pool.Tick);
            if (pool.TryForget())
            {
                _functions.TryRemove(new KeyValuePair<FunctionVersion, FunctionPool>(function, pool));
            }
        }

        Try(_generic.Tick);
        Try(() => Snapshots?.Tick());
        if (Memory.IsShort)
        {
            _relief.Request();
        }

        Volatile.Write(ref _ticking, 0);
    }

    // One pool's failure must not end the look at the others, nor the next one; an exception in a timer would end the node.
    private void Try(Action look)
    {
        try
        {
            look();
        }
        catch (Exception e)
        {
            LogTickFailed(_instances.Logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A look at the load failed; it is repeated with the next one")]
    private static partial void LogTickFailed(ILogger logger, Exception exception);
}
