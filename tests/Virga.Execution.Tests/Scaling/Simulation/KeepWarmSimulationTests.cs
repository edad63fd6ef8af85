namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>
/// Twelve hours of a hundred functions with the published spread of rates, kept warm in tiers and by a fixed keep-alive. Prints the
/// table of docs/benchmarks.md.
/// </summary>
public sealed class KeepWarmSimulationTests(ITestOutputHelper output)
{
    private const int Seed = 2019;
    private static readonly Trace[] Population = [.. new TraceShapes(Seed).Population(100, TimeSpan.FromHours(12))];

    [Fact]
    public void Tiers_have_fewer_cold_starts_than_a_fixed_keep_alive_of_ten_minutes_and_no_more_memory()
    {
        Header();
        var tenMinutes = Run("fixed, 10 min", new SimulatedMachine { FixedKeepAlive = TimeSpan.FromMinutes(10) });
        var tiers = Run("idle 2 min, frozen 1 h (default)", new SimulatedMachine());
        var longer = Run("idle 2 min, frozen 12 h", new SimulatedMachine { Frozen = TimeSpan.FromHours(12) });
        var heavier = Run("the default, frozen ones at 1/5 of the memory", new SimulatedMachine { FrozenShare = 0.2 });
        foreach (var kept in new[] { tiers, longer, heavier })
        {
            kept.Memory.ShouldBeLessThanOrEqualTo(tenMinutes.Memory);
            kept.ColdStarts.ShouldBeLessThan(tenMinutes.ColdStarts);
        }

        // And the other way round: a fixed keep-alive that may use as much memory as the tiers do.
        var sameMemory = Run("fixed, 5 min", new SimulatedMachine { FixedKeepAlive = TimeSpan.FromMinutes(5) });
        sameMemory.Memory.ShouldBeGreaterThanOrEqualTo(tiers.Memory);
        tiers.ColdStarts.ShouldBeLessThan(sameMemory.ColdStarts);
    }

    private void Header()
    {
        output.WriteLine($"### Keep-warm tiers: 100 functions, 12 h, {Population.Sum(t => t.Calls.Length):N0} calls, seed {Seed}");
        output.WriteLine("| kept | cold starts | thawed for a call | warm instance-hours | memory in warm instance-hours |");
        output.WriteLine("| --- | ---: | ---: | ---: | ---: |");
    }

    private (int ColdStarts, int Thaws, double Memory) Run(string name, SimulatedMachine machine)
    {
        var (cold, thaws, warm, memory) = (0, 0, 0.0, 0.0);
        foreach (var trace in Population)
        {
            var result = PoolSimulation.Run(trace, machine);
            (cold, thaws, warm, memory) = (cold + result.ColdStarts, thaws + result.Thaws, warm + result.WarmSeconds, memory + result.MemorySeconds);
        }

        output.WriteLine($"| {name} | {cold:N0} | {thaws:N0} | {warm / 3600:F0} | {memory / 3600:F0} |");
        return (cold, thaws, memory);
    }
}
