using Microsoft.Extensions.Logging;
using Virga.Configuration;
using Virga.State;
using Virga.State.Caches;
using Virga.State.Logs;
using Virga.State.Replicas;
using Virga.State.Stores.Embedded;
using Virga.State.Stores.Postgres;
using Virga.State.Time;

namespace Virga.Hosting;

/// <summary>Opens a node's shared state: a store of its own, or a cache with a log over the store that its cluster shares.</summary>
internal static class NodeState
{
    private const string Folder = "state";

    // Below it a correction does more harm than good: it is within what measuring it over the network may be wrong by.
    private static readonly TimeSpan LeastOffset = TimeSpan.FromMilliseconds(100);

    /// <summary>Opens it, and recovers what an earlier run has written.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>state-corrupted</c>, <c>storage-full</c>, <c>state-unavailable</c>.</exception>
    public static async Task<StateEngine> OpenAsync(NodeOptions options, string data, NodeMembership membership, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var clock = new HybridClock(time) { OffsetMilliseconds = Correction(membership.ClockOffset) };
        membership.ClockMeasured += offset => clock.OffsetMilliseconds = Correction(offset);
        var replica = options.ClusterDatabase is { } database
            ? await OpenCacheAsync(database, options, Path.Combine(data, Folder), membership, clock, time, loggers, cancellation)
            : await OpenStoreAsync(options, Path.Combine(data, Folder), clock, time, loggers, cancellation);
        return new StateEngine(replica, time, membership.Link, clock);
    }

    private static long Correction(TimeSpan offset) => offset.Duration() > LeastOffset ? (long)offset.TotalMilliseconds : 0;

    private static async Task<IStateReplica> OpenStoreAsync(NodeOptions options, string folder, HybridClock clock, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var store = new EmbeddedStateStore(
            new EmbeddedStateOptions { Directory = folder, Durability = options.StateDurability, MemoryBudget = options.StateMemory.Bytes }, clock, time, loggers.CreateLogger<EmbeddedStateStore>());
        try
        {
            await store.OpenAsync(cancellation);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static async Task<IStateReplica> OpenCacheAsync(
        string database, NodeOptions options, string folder, NodeMembership membership, HybridClock clock, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var cache = new StateCache(
            ReplicaFile.Open(folder),
            new PostgresStateStore(new PostgresStateOptions { Connection = database }, time, loggers.CreateLogger<PostgresStateStore>()),
            new WriteAheadLog(new WriteAheadLogOptions { Directory = Path.Combine(folder, "log"), Durability = options.StateDurability }, clock, loggers.CreateLogger<WriteAheadLog>()),
            membership.Link,
            clock,
            time,
            new StateCacheOptions { MemoryBytes = options.StateMemory.Bytes },
            loggers.CreateLogger<StateCache>());
        try
        {
            await cache.OpenAsync(cancellation);
            return cache;
        }
        catch
        {
            await cache.DisposeAsync();
            throw;
        }
    }
}
