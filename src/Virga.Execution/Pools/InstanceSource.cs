using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>Makes instances that have a function loaded, in the cheapest way there is for it.</summary>
internal sealed class InstanceSource(GenericPools generic, SnapshotSource? snapshots, InstanceStarter starter, IPackageDirectory packages, TimeProvider time)
{
    /// <summary>Makes one.</summary>
    /// <exception cref="ProblemException">It cannot be started, or its function cannot be loaded.</exception>
    public async Task<Instance> StartAsync(FunctionVersion function, IInstanceOwner owner, StartPriority priority, CancellationToken cancellation)
    {
        var requestedAt = time.GetTimestamp();
        var key = generic.KeyOf(function);
        var package = await PackagePathAsync(function, cancellation);
        if (snapshots is not null && await snapshots.TryRestoreAsync(function, key, package, owner, priority, cancellation) is { } clone)
        {
            return clone;
        }

        var instance = await InitialiseAsync(function, key, package, owner, priority, requestedAt, cancellation);
        snapshots?.TakeWhereMissing(function, key, package);
        return instance;
    }

    private async Task<Instance> InitialiseAsync(
        FunctionVersion function, GenericPoolKey key, string package, IInstanceOwner owner, StartPriority priority, long requestedAt, CancellationToken cancellation)
    {
        if (function.Spec.Executor == Executor.Dedicated)
        {
            var request = new InstanceRequest(key, function.Spec.Memory.Bytes, function.Spec.Memory.Bytes, function.Spec.Cpu, owner, priority);
            return await LoadAsync(await starter.StartAsync(request, cancellation), function, package, owner, requestedAt, cancellation);
        }

        var pool = generic.Of(key);
        try
        {
            var ready = await pool.TakeAsync(function.Spec.Memory.Bytes, owner, priority, cancellation);
            try
            {
                return await LoadAsync(ready, function, package, owner, requestedAt, cancellation);
            }
            catch (ProblemException) when (!ready.HasPackage)
            {
                // It had died while it waited: that is nothing to the function, and not seen yet where the dead are sorted out.
                var anew = await starter.StartAsync(pool.Request(function.Spec.Memory.Bytes, owner, priority), cancellation);
                return await LoadAsync(anew, function, package, owner, requestedAt, cancellation);
            }
        }
        finally
        {
            pool.Refill();
        }
    }

    private static async Task<Instance> LoadAsync(Instance instance, FunctionVersion function, string package, IInstanceOwner owner, long requestedAt, CancellationToken cancellation)
    {
        try
        {
            await instance.SpecialiseAsync(function, package, owner, requestedAt, cancellation);
            return instance;
        }
        catch
        {
            // Its end is awaited with the node's: who waits for the function is told at once.
            instance.Kill("its function could not be loaded");
            throw;
        }
    }

    // A package that is gone is no mistake of whoever calls the function.
    private async Task<string> PackagePathAsync(FunctionVersion function, CancellationToken cancellation)
    {
        try
        {
            return await packages.GetPathAsync(function.BuiltPackage, cancellation);
        }
        catch (ProblemException e) when (e.Problem.Fault == Fault.Client)
        {
            throw new ProblemException(KnownProblems.Unavailable($"The files of '{function}' are not on this node: {e.Problem.Detail}", "Deploy the function again."), e);
        }
    }
}
