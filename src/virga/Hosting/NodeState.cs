using Microsoft.Extensions.Logging;
using Virga.Configuration;
using Virga.State;
using Virga.State.Stores.Embedded;
using Virga.State.Time;

namespace Virga.Hosting;

/// <summary>Opens a node's shared state.</summary>
internal static class NodeState
{
    private const string Folder = "state";

    /// <summary>Opens it, and recovers what an earlier run has written.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>state-corrupted</c>, <c>storage-full</c>.</exception>
    public static async Task<StateEngine> OpenAsync(NodeOptions options, string data, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var store = new EmbeddedStateStore(
            new EmbeddedStateOptions
            {
                Directory = Path.Combine(data, Folder),
                Durability = options.StateDurability,
                MemoryBudget = options.StateMemory.Bytes,
            },
            new HybridClock(time),
            time,
            loggers.CreateLogger<EmbeddedStateStore>());
        try
        {
            await store.OpenAsync(cancellation);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        return new StateEngine(store, time);
    }
}
