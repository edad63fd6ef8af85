using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Channel;
using Virga.Execution.Instances;
using Virga.Execution.Pools;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Scheduling;

/// <summary>Finds an instance for every invocation, or has one started: the entrance to execution.</summary>
public sealed class Scheduler : IInvoker, IFunctionLifecycleListener, IAsyncDisposable
{
    private static readonly TimeSpan ReapInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GenericIdle = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<FunctionVersion, FunctionPool> _functions = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<GenericPoolKey, GenericPool> _generic = new();
    private readonly IEnvironmentCatalog _environments;
    private readonly InstanceServices _instances;
    private readonly FunctionPoolServices _poolServices;
    private readonly InstanceStarter _starter;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _reaper;
    private int _inFlight;
    private TaskCompletionSource? _drained;

    internal Scheduler(
        ExecutionOptions options,
        SandboxHost sandboxes,
        IEnvironmentCatalog environments,
        IPackageDirectory packages,
        IFunctionLog log,
        IInvocationObserver observer,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Virga.Execution");
        _environments = environments;
        DefaultIsolation = options.DefaultIsolation ?? sandboxes.DefaultIsolation;
        _instances = new InstanceServices(options, time, log, observer, new BackgroundTasks(logger), logger);
        _starter = new InstanceStarter(sandboxes, _instances);
        _poolServices = new FunctionPoolServices(GenericPoolOf, packages, _stopping.Token);
        _reaper = time.CreateTimer(static state => ((Scheduler)state!).Reap(), this, ReapInterval, ReapInterval);
    }

    /// <summary>The isolation of functions that name none.</summary>
    public Isolation DefaultIsolation { get; }

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

        var pool = PoolOf(invocation.Function);
        if (pool.TryAcquire() is { } instance)
        {
            var queued = _instances.Time.GetElapsedTime(invocation.ReceivedAt);
            if (TrySend(pool, instance, invocation, cold: false, queued, TimeSpan.Zero, cancellation) is { } call)
            {
                return call.Head;
            }
        }

        return QueueAsync(pool, invocation, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask PrepareAsync(FunctionVersion version, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void VersionLive(FunctionVersion version) => PoolOf(version);

    /// <inheritdoc/>
    public void VersionRetired(FunctionVersion version)
    {
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
    public IReadOnlyList<GenericPoolStatus> GenericPools() =>
        [.. _generic.Values.Select(p =>
        {
            var (ready, starting, failure) = p.Status;
            return new GenericPoolStatus(string.Join(' ', p.Key.Environment.Command), p.Key.Isolation.ToString(), p.Key.Egress, p.Target, ready, starting, failure);
        })];

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
        await _reaper.DisposeAsync();
        await _stopping.CancelAsync();
        foreach (var pool in _generic.Values)
        {
            await pool.DisposeAsync();
        }

        foreach (var pool in _functions.Values)
        {
            pool.KillAll();
        }

        await _instances.Tasks.WhenAllAsync();
        _starter.Dispose();
        _stopping.Dispose();
    }

    private async ValueTask<InvocationResult> QueueAsync(FunctionPool pool, Invocation invocation, CancellationToken cancellation)
    {
        var time = _instances.Time;
        var timeout = invocation.Function.Spec.Timeout.Span;
        while (true)
        {
            Instance? instance;
            try
            {
                var patience = timeout - time.GetElapsedTime(invocation.ReceivedAt);
                instance = await pool.AcquireAsync(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, cancellation);
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
            var starting = cold ? (instance.StartDuration < waited ? instance.StartDuration : waited) : TimeSpan.Zero;
            if (TrySend(pool, instance, invocation, cold, waited - starting, starting, cancellation) is { } call)
            {
                return await call.Head;
            }
        }
    }

    private WorkerCall? TrySend(FunctionPool pool, Instance instance, Invocation invocation, bool cold, TimeSpan queued, TimeSpan starting, CancellationToken cancellation)
    {
        var time = _instances.Time;
        var timeout = invocation.Function.Spec.Timeout.Span;
        var left = timeout - queued - starting;
        var deadline = invocation.ReceivedAt + (long)(timeout.TotalSeconds * time.TimestampFrequency);
        var opening = new CallOpening(cold, queued, starting, deadline, time.GetUtcNow().ToUnixTimeMilliseconds() + (long)left.TotalMilliseconds);
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

    private GenericPool GenericPoolOf(FunctionVersion function)
    {
        var environment = _environments.Find(function.Name.Tenant, function.Name.Namespace, function.Spec.Environment)
            ?? throw new ProblemException(KnownProblems.Unavailable($"The environment '{function.Spec.Environment}' of '{function}' does not exist any more.", "Create it again, or deploy the function with another one."));
        var key = new GenericPoolKey(environment, function.Spec.Isolation ?? DefaultIsolation, function.Spec.Egress);
        return _generic.GetOrAdd(key, static (k, self) => new GenericPool(k, self._starter, self._instances), this);
    }

    private void Reap()
    {
        foreach (var (function, pool) in _functions)
        {
            pool.Reap(function.Spec.KeepWarm.Idle.Span);
            if (pool.TryForget())
            {
                _functions.TryRemove(new KeyValuePair<FunctionVersion, FunctionPool>(function, pool));
            }
        }

        foreach (var (key, pool) in _generic)
        {
            if (_instances.Time.GetElapsedTime(pool.LastTakenAt) > GenericIdle && _generic.TryRemove(new KeyValuePair<GenericPoolKey, GenericPool>(key, pool)))
            {
                _instances.Tasks.Add(pool.DisposeAsync().AsTask(), "end of an idle pool");
            }
        }
    }
}
