using System.Collections.Concurrent;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;

namespace Virga.Execution.Pools;

/// <summary>The node's pools of generic instances: one per environment, isolation and egress policy, from its first use until it has not been used for long.</summary>
internal sealed class GenericPools(IEnvironmentCatalog environments, Func<FunctionVersion, Isolation> isolationOf, InstanceStarter starter, InstanceServices services) : IAsyncDisposable
{
    private static readonly TimeSpan LongestIdle = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<GenericPoolKey, GenericPool> _pools = new();

    /// <summary>What an instance of the function must be.</summary>
    /// <exception cref="ProblemException">Its environment is gone.</exception>
    public GenericPoolKey KeyOf(FunctionVersion function)
    {
        var environment = environments.Find(function.Name.Tenant, function.Name.Namespace, function.Spec.Environment)
            ?? throw new ProblemException(KnownProblems.Unavailable($"The environment '{function.Spec.Environment}' of '{function}' does not exist any more.", "Create it again, or deploy the function with another one."));
        return new GenericPoolKey(environment, isolationOf(function), function.Spec.Egress);
    }

    /// <summary>The pool of such instances.</summary>
    public GenericPool Of(GenericPoolKey key) => _pools.GetOrAdd(key, static (k, self) => new GenericPool(k, self.Starter, self.Services), (Starter: starter, Services: services));

    /// <summary>What they hold.</summary>
    public IReadOnlyList<GenericPoolStatus> Status() =>
        [.. _pools.Values.Select(p =>
        {
            var (ready, starting, failure) = p.Status;
            return new GenericPoolStatus(string.Join(' ', p.Key.Environment.Command), p.Key.Isolation.ToString(), p.Key.Egress, p.Target, ready, starting, failure);
        })];

    /// <summary>Adapts their sizes, and ends those that have not been used for long.</summary>
    public void Tick()
    {
        foreach (var (key, pool) in _pools)
        {
            if (services.Time.GetElapsedTime(pool.LastTakenAt) <= LongestIdle)
            {
                pool.Adapt();
            }
            else if (_pools.TryRemove(new KeyValuePair<GenericPoolKey, GenericPool>(key, pool)))
            {
                services.Tasks.Add(pool.DisposeAsync().AsTask(), "end of an idle pool");
            }
        }
    }

    /// <summary>Ends one instance that is only kept ready, the least recently used pool's first; null when there is none.</summary>
    public Instance? TryGiveUpOne() => _pools.Values.OrderBy(p => p.LastTakenAt).Select(p => p.TryGiveUp()).FirstOrDefault(given => given is not null);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var pool in _pools.Values)
        {
            await pool.DisposeAsync();
        }
    }
}
