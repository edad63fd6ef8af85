using System.Globalization;

namespace Virga.State.Tests.Simulation;

/// <summary>
/// Thousands of histories, each from its seed. <c>VIRGA_HISTORIES</c> sets how many, <c>VIRGA_FIRST_SEED</c> where they begin; of one alone every step is told.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static readonly int Histories = (int)Setting("VIRGA_HISTORIES", 10_000);
    private static readonly ulong FirstSeed = Setting("VIRGA_FIRST_SEED", 1);

    [Fact]
    public void No_history_shows_an_anomaly()
    {
        var failures = new List<HistoryResult>();
        long operations = 0, lost = 0;
        Parallel.For(0, Histories, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (i, loop) =>
        {
            var result = SimulatedHistory.Run(FirstSeed + (ulong)i, listener: Histories == 1 ? output.WriteLine : null);
            Interlocked.Add(ref operations, result.Operations);
            Interlocked.Add(ref lost, result.SessionsLost);
            if (result.Anomalies.Count > 0)
            {
                lock (failures)
                {
                    failures.Add(result);
                    if (failures.Count >= 20)
                    {
                        loop.Stop();
                    }
                }
            }
        });
        output.WriteLine($"{Histories:N0} histories from seed {FirstSeed}: {operations:N0} operations, {lost:N0} sessions that had to start again.");
        failures.OrderBy(static f => f.Seed).Select(static f => $"seed {f.Seed}: {f.Anomalies.Count} anomalies, the first at {f.Anomalies[0]}").ShouldBeEmpty();
        (Histories < 1000 || lost > 0).ShouldBeTrue("In some histories a session must have lost its upstream cache.");
    }

    [Fact]
    public void The_same_seed_gives_the_same_history()
    {
        for (ulong seed = 1; seed <= 100; seed++)
        {
            SimulatedHistory.Run(seed).TraceHash.ShouldBe(SimulatedHistory.Run(seed).TraceHash, $"seed {seed}");
        }
    }

    [Theory]
    [InlineData(PlantedBug.ForgetsSnapshots, "repeatable read")]
    [InlineData(PlantedBug.ReadsNewer, "repeatable read")]
    [InlineData(PlantedBug.DropsUpdates, "convergence")]
    [InlineData(PlantedBug.ShowsEffectsFirst, "causality")]
    [InlineData(PlantedBug.ForgetsSession, "causality")]
    [InlineData(PlantedBug.AcknowledgesEarly, "lost")]
    [InlineData(PlantedBug.LosesDirtyKeys, "lost")]
    public void A_planted_bug_is_found(PlantedBug bug, string anomaly)
    {
        for (ulong seed = 1; seed <= 2000; seed++)
        {
            if (SimulatedHistory.Run(seed, bug).Anomalies.FirstOrDefault(found => found.Contains($" {anomaly}:", StringComparison.Ordinal)) is { } found)
            {
                output.WriteLine($"{bug} was found with seed {seed}, at {found}");
                return;
            }
        }

        Assert.Fail($"{bug} was not found in 2,000 histories.");
    }

    private static ulong Setting(string name, ulong usual) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : usual;
}
