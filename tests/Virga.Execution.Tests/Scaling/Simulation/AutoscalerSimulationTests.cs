using System.Diagnostics;

namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>The autoscaler against the <see cref="Oracle"/>, over two hours of each shape of <see cref="TraceShapes"/>. Prints the tables of docs/benchmarks.md.</summary>
public sealed class AutoscalerSimulationTests(ITestOutputHelper output)
{
    private const int Seed = 2019;
    private static readonly TimeSpan Length = TimeSpan.FromHours(2);

    [Theory]
    [InlineData(1, 60)]
    [InlineData(1, 3000)]
    [InlineData(10, 60)]
    [InlineData(10, 3000)]
    public void The_target_is_held_with_a_fifth_more_than_an_oracle_needs_at_most(int callsPerInstance, int startMilliseconds)
    {
        var machine = new SimulatedMachine { CallsPerInstance = callsPerInstance, Start = TimeSpan.FromMilliseconds(startMilliseconds) };
        output.WriteLine($"### Autoscaler: {callsPerInstance} at a time in an instance, which starts in {startMilliseconds} ms; 2 h, seed {Seed}");
        output.WriteLine("| trace | calls | instance-seconds, to the oracle's | with frozen ones at 1/20 | utilisation | minutes at target | cold starts | thawed for a call | wait p99 | simulated in |");
        output.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var trace in Traces(callsPerInstance, Seed))
        {
            var started = Stopwatch.GetTimestamp();
            var result = PoolSimulation.Run(trace, machine);
            var took = Stopwatch.GetElapsedTime(started);
            var concurrency = trace.Concurrency();
            var oracle = Oracle.Instances(concurrency, machine).Sum();
            var utilisation = concurrency.Sum() / (result.WarmSeconds * callsPerInstance);
            var held = MinutesAtTarget(concurrency, result, machine);
            output.WriteLine($"| {trace.Name} | {result.Calls:N0} | {result.WarmSeconds / oracle:F2} x | {result.MemorySeconds / oracle:F2} x | {utilisation:P0} | {held:P0} | {result.ColdStarts:N0} | {result.Thaws:N0} | {result.WaitP99.TotalMilliseconds:F0} ms | {took.TotalMilliseconds:F0} ms |");

            (result.WarmSeconds / oracle).ShouldBeLessThanOrEqualTo(1.2, trace.Name);
            utilisation.ShouldBeLessThanOrEqualTo(machine.TargetUtilisation, trace.Name);
            held.ShouldBeGreaterThan(0.9, trace.Name);
        }
    }

    [Fact]
    public void Other_traffic_of_the_same_shapes_comes_out_alike()
    {
        var machine = new SimulatedMachine();
        var most = 0.0;
        for (var seed = 1; seed <= 8; seed++)
        {
            foreach (var trace in Traces(callsPerInstance: 1, seed))
            {
                var result = PoolSimulation.Run(trace, machine);
                var toOracle = result.WarmSeconds / Oracle.Instances(trace.Concurrency(), machine).Sum();
                toOracle.ShouldBeLessThanOrEqualTo(1.2, $"{trace.Name}, seed {seed}");
                most = Math.Max(most, toOracle);
            }
        }

        output.WriteLine("### Autoscaler: seeds 1 to 8");
        output.WriteLine($"At one call at a time in an instance, the most of the five traces and eight seeds is {most:F2} x the oracle's instance-seconds.");
    }

    // A panic is held for a stable window: a burst of a few seconds is paid for a minute. This is the price of not being caught by the next one.
    [Fact]
    public void Bursts_that_are_shorter_than_the_stable_window_cost_more_than_a_fifth()
    {
        var machine = new SimulatedMachine();
        var trace = new TraceShapes(Seed).Spiky(Length, perSecond: 2, factor: 10, callSeconds: 1, shortestSeconds: 5);
        var result = PoolSimulation.Run(trace, machine);
        var toOracle = result.WarmSeconds / Oracle.Instances(trace.Concurrency(), machine).Sum();
        output.WriteLine("### Autoscaler: short bursts");
        output.WriteLine($"Beyond the target: where the bursts of the spiky trace last 5 to 40 s, it is {toOracle:F2} x the oracle's instance-seconds, for a panic is held for 60 s.");
        toOracle.ShouldBeInRange(1.2, 1.5);
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var first = PoolSimulation.Run(new TraceShapes(7).Spiky(Length, 2, 10, 1), new SimulatedMachine());
        var second = PoolSimulation.Run(new TraceShapes(7).Spiky(Length, 2, 10, 1), new SimulatedMachine());
        second.WarmSeconds.ShouldBe(first.WarmSeconds);
        second.Thaws.ShouldBe(first.Thaws);
    }

    /// <summary>Ten instances' worth of calls at a time on average: of one second where an instance has one place, of four where it has several.</summary>
    private static IEnumerable<Trace> Traces(int callsPerInstance, int seed)
    {
        var shapes = new TraceShapes(seed);
        var callSeconds = callsPerInstance == 1 ? 1 : 4;
        var perSecond = 10.0 * callsPerInstance / callSeconds;
        yield return shapes.Steady(Length, perSecond, callSeconds);
        yield return shapes.Diurnal(Length, 2 * perSecond, callSeconds);
        yield return shapes.Ramp(Length, 2 * perSecond, callSeconds);
        yield return shapes.Spiky(Length, perSecond / 5, factor: 10, callSeconds);
        yield return shapes.HeavyTailed(Length, perSecond, callSeconds);
    }

    // Ten per cent above the target is still at the target: the autoscaler sees a change of load only after it has begun.
    private static double MinutesAtTarget(double[] concurrency, SimulationResult result, SimulatedMachine machine)
    {
        var minutes = concurrency.Length / 60;
        var held = Enumerable.Range(0, minutes).Count(minute =>
            concurrency.AsSpan(minute * 60, 60).ToArray().Sum() <= 1.1 * machine.TargetUtilisation * machine.CallsPerInstance * result.Warm.AsSpan(minute * 60, 60).ToArray().Sum());
        return (double)held / minutes;
    }
}
