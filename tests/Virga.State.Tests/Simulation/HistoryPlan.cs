using Virga.State.Caches;
using Virga.State.Logs;

namespace Virga.State.Tests.Simulation;

/// <summary>What one history is like: all of it follows from its seed.</summary>
internal sealed record HistoryPlan(int Nodes, int Clients, int SessionsEach, bool Crashes, bool Cuts, bool Outages, ClusterFaults Faults)
{
    /// <summary>Nothing goes wrong in it: then no session may be lost.</summary>
    public bool IsCalm => !Crashes && !Cuts && !Outages && Faults.StoreFailureChance == 0 && Faults.Network.BreakChance == 0 && Faults.Network.SlowChance == 0;

    public static HistoryPlan Of(SimulatedWorld world, PlantedBug bug)
    {
        var random = world.Random;
        var isCalm = random.Chance(0.25);
        var scrubs = bug != PlantedBug.DropsUpdates && random.Chance(0.5);
        return new HistoryPlan(
            Nodes: 2 + random.Next(3),
            Clients: 2 + random.Next(3),
            SessionsEach: 3 + random.Next(4),
            Crashes: !isCalm && random.Chance(0.5),
            Cuts: !isCalm && random.Chance(0.4),
            Outages: !isCalm && random.Chance(0.4),
            new ClusterFaults
            {
                Network = isCalm ? new NetworkFaults() : new NetworkFaults(Delay: 2, SlowChance: 0.02, BreakChance: random.Chance(0.5) ? 0.02 : 0, TwiceChance: 0.02),
                StoreFailureChance = isCalm || random.Chance(0.5) ? 0 : 0.05,
                SlowestStore = 1 + random.Next(10),
                SlowestSync = 0.3 + (random.NextDouble() * 4),
                Skew = random.Chance(0.5) ? TimeSpan.FromMinutes(10) : TimeSpan.Zero,
                SlowestView = isCalm ? 1 : 3000,
                Durability = bug != PlantedBug.AcknowledgesEarly && random.Chance(0.25) ? Durability.Interval : Durability.Sync,
                Cache = new StateCacheOptions
                {
                    MemoryBytes = random.Chance(0.3) ? 2500 : 1 << 20,
                    FlushKeys = 1 + random.Next(20),
                    ScrubKeys = scrubs ? 8 : 0,
                    RotateEvery = TimeSpan.FromMilliseconds(100),
                    Patience = TimeSpan.FromMilliseconds(500),
                },
                Bug = bug,
            });
    }
}
