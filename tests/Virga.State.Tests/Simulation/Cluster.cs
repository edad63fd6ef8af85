namespace Virga.State.Tests.Simulation;

/// <summary>Short ways to run something on a simulated cluster.</summary>
internal static class Cluster
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    /// <summary>Runs a program on a new cluster.</summary>
    public static void Run(int nodes, Func<SimulatedCluster, Task> program, ClusterFaults? faults = null, ulong seed = 1)
    {
        var world = new SimulatedWorld(seed);
        var cluster = new SimulatedCluster(world, nodes, faults ?? new ClusterFaults());
        world.Run(
            async () =>
            {
                await cluster.StartAllAsync();
                await program(cluster);
            },
            Limit);
    }

    /// <summary>Waits in the world's time until something holds.</summary>
    public static async Task UntilAsync(this SimulatedCluster cluster, Func<bool> holds, string what, double mostSeconds = 60)
    {
        var end = cluster.World.Now + TimeSpan.FromSeconds(mostSeconds).Ticks;
        while (!holds())
        {
            if (cluster.World.Now > end)
            {
                throw new TimeoutException($"It did not come to this within {mostSeconds} s: {what}.");
            }

            await cluster.World.Pause(TimeSpan.FromMilliseconds(1));
        }
    }

    /// <summary>What something throws; without leaving the world's thread, as assertion libraries do.</summary>
    public static async Task<T> ThrownAsync<T>(Func<Task> action)
        where T : Exception
    {
        try
        {
            await action();
        }
        catch (T e)
        {
            return e;
        }

        throw new ShouldAssertException($"A {typeof(T).Name} should have been thrown.");
    }
}
