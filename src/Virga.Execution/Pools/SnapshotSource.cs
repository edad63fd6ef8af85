using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;
using Virga.Execution.Snapshots;

namespace Virga.Execution.Pools;

/// <summary>Starts instances from the snapshots of their functions, and sees to it that there are snapshots.</summary>
internal sealed partial class SnapshotSource(SnapshotStore store, GvisorLauncher gvisor, InstanceStarter starter, InstanceServices services) : IAsyncDisposable
{
    private static readonly TimeSpan LongestIdle = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<GenericPoolKey, PreparedSandboxes> _prepared = new();

    // What each version that ran here has on disk, for metering and for people to look at.
    private readonly ConcurrentDictionary<FunctionVersion, Snapshot> _held = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<SnapshotKey, FunctionVersion> _taking = new();
    private readonly CancellationTokenSource _stopping = new();
    private long _sweptAt = services.Time.GetTimestamp();

    /// <summary>What became of snapshots since the node's start.</summary>
    public SnapshotCounters Counters => store.Counters;

    /// <summary>The versions that ran here whose new instances are restored from a snapshot.</summary>
    public ICollection<FunctionVersion> Functions => _held.Keys;

    /// <summary>Whether new instances of a version are restored from a snapshot.</summary>
    public bool Has(FunctionVersion function) => _held.ContainsKey(function);

    /// <summary>Makes a clone of the function's snapshot; null when there is none that can be used, and the function has to be initialised.</summary>
    /// <exception cref="ProblemException">The function's own hook failed, or there is no memory for it.</exception>
    public async Task<Instance?> TryRestoreAsync(FunctionVersion function, GenericPoolKey key, string package, IInstanceOwner owner, StartPriority priority, CancellationToken cancellation)
    {
        var requestedAt = services.Time.GetTimestamp();
        if (!MaySnapshot(function, key) || await Task.Run(() => Find(function, key), cancellation) is not { } snapshot)
        {
            _held.TryRemove(function, out _);
            return null;
        }

        _held[function] = snapshot;
        var sandboxes = Prepared(key);
        try
        {
            var (sandbox, memory) = await sandboxes.TakeAsync(function.Spec.Memory.Bytes, owner, priority, cancellation);
            await using (sandbox)
            {
                SandboxProcess process;
                try
                {
                    process = store.Restore(snapshot, sandbox, function.Spec, package);
                    memory.TryResize(process.MemoryLimit(function.Spec.Memory.Bytes));
                }
                catch
                {
                    memory.Dispose();
                    throw;
                }

                return await ContinueAsync(new Instance(sandbox.Spec.InstanceId, process, memory, services), function, owner, requestedAt, cancellation);
            }
        }
        catch (SnapshotException e)
        {
            store.Invalidate(snapshot, e.Message);
            _held.TryRemove(function, out _);
            return null;
        }
        catch (Exception e) when (e is SandboxException or IOException)
        {
            LogRestoreFailed(services.Logger, function.ToString(), e);
            return null;
        }
        finally
        {
            sandboxes.Refill();
        }
    }

    /// <summary>Removes what is kept of a version that takes no calls any more.</summary>
    public void Drop(FunctionVersion function)
    {
        _held.TryRemove(function, out _);
        services.Tasks.Add(Task.Run(() => store.Drop(function.ToString())), "removal of snapshots");
    }

    /// <summary>Ends a sandbox that is only kept ready; false when there is none.</summary>
    public bool TryGiveUpOne() => _prepared.Values.OrderBy(sandboxes => sandboxes.LastTakenAt).Any(sandboxes => sandboxes.TryGiveUp());

    /// <summary>Takes a snapshot of the function in the background, from an instance of its own that never serves a call, unless there is one or it failed lately.</summary>
    public void TakeWhereMissing(FunctionVersion function, GenericPoolKey key, string package)
    {
        if (MaySnapshot(function, key) && store.KeyOf(function, key.Environment) is var name && store.MayTake(name) && _taking.TryAdd(name, function))
        {
            services.Tasks.Add(TakeAsync(function, key, name, package), "taking of a snapshot");
        }
    }

    /// <summary>Removes snapshots that are old or too many, ends sandboxes nobody waits for, and reports what the disk holds. About once a second.</summary>
    public void Tick()
    {
        foreach (var (key, sandboxes) in _prepared)
        {
            if (services.Time.GetElapsedTime(sandboxes.LastTakenAt) > LongestIdle && _prepared.TryRemove(new KeyValuePair<GenericPoolKey, PreparedSandboxes>(key, sandboxes)))
            {
                services.Tasks.Add(sandboxes.DisposeAsync().AsTask(), "end of prepared sandboxes");
            }
        }

        var since = services.Time.GetElapsedTime(_sweptAt);
        if (since >= SweepInterval)
        {
            _sweptAt = services.Time.GetTimestamp();
            services.Tasks.Add(Task.Run(() => Sweep(since)), "sweep of snapshots");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var sandboxes in _prepared.Values)
        {
            await sandboxes.DisposeAsync();
        }
    }

    // Open connections do not survive in a clone: a function that may have some is initialised each time.
    private static bool MaySnapshot(FunctionVersion function, GenericPoolKey key) =>
        key is { Isolation: Isolation.Gvisor, Egress: EgressPolicy.None } && function.Spec.KeepWarm.Snapshot.Span > TimeSpan.Zero;

    // A disk that cannot be read must not keep the function from being started without.
    private Snapshot? Find(FunctionVersion function, GenericPoolKey key)
    {
        try
        {
            return store.Find(store.KeyOf(function, key.Environment));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogRestoreFailed(services.Logger, function.ToString(), e);
            return null;
        }
    }

    private PreparedSandboxes Prepared(GenericPoolKey key) =>
        _prepared.GetOrAdd(key, static (k, self) => new PreparedSandboxes(k, self.Gvisor, self.Starter, self.Services), (Gvisor: gvisor, Starter: starter, Services: services));

    private async Task TakeAsync(FunctionVersion function, GenericPoolKey key, SnapshotKey name, string package)
    {
        var began = services.Time.GetTimestamp();
        Instance? instance = null;
        try
        {
            var request = new InstanceRequest(key, function.Spec.Memory.Bytes, function.Spec.Memory.Bytes, function.Spec.Cpu, this, StartPriority.Background);
            instance = await starter.StartAsync(request, _stopping.Token);
            await instance.SpecialiseAsync(function, package, SnapshotOwner.Instance, began, _stopping.Token);
            if (!instance.MayBecomeSnapshot)
            {
                await instance.StopAsync();
            }
            else if (await instance.LeaveAsSnapshotAsync(store, name, _stopping.Token) is { } snapshot)
            {
                _held[function] = snapshot;
                Prepared(key).Refill();
            }
        }
        catch (ProblemException e)
        {
            LogTakeFailed(services.Logger, function.ToString(), e.Problem.Detail ?? e.Problem.Title);
        }
        finally
        {
            // It has ended already, unless something went wrong.
            instance?.Kill("its snapshot could not be taken");
            _taking.TryRemove(name, out _);
        }
    }

    private static async Task<Instance> ContinueAsync(Instance instance, FunctionVersion function, IInstanceOwner owner, long requestedAt, CancellationToken cancellation)
    {
        try
        {
            await instance.RestoreAsync(function, owner, requestedAt, cancellation);
            return instance;
        }
        catch
        {
            instance.Kill("it could not be restored");
            throw;
        }
    }

    private void Sweep(TimeSpan since)
    {
        store.Sweep();
        foreach (var (function, snapshot) in _held)
        {
            if (Directory.Exists(snapshot.Directory))
            {
                var age = services.Time.GetUtcNow() - snapshot.CreatedAt;
                services.Residency.Resident(function, InstanceTier.Snapshot, age > TimeSpan.Zero && age < since ? age : since, snapshot.Bytes);
            }
            else
            {
                _held.TryRemove(function, out _);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Function} could not be restored, and is initialised instead")]
    private static partial void LogRestoreFailed(ILogger logger, string function, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No snapshot of {Function} could be taken: {Reason}")]
    private static partial void LogTakeFailed(ILogger logger, string function, string reason);

    /// <summary>Stands in for the pool of an instance that only becomes a snapshot.</summary>
    private sealed class SnapshotOwner : IInstanceOwner
    {
        public static readonly SnapshotOwner Instance = new();

        public int OnCallClosed(Instances.Instance instance, TimeSpan duration) => 0;

        public int OnRecycle(Instances.Instance instance) => 0;

        public void OnInstanceEnded(Instances.Instance instance)
        {
            // Who takes the snapshot waits for that.
        }
    }
}
