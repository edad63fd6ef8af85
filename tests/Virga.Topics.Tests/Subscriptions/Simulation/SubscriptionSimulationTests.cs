using System.Globalization;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>
/// Thousands of histories, each from its seed. <c>VIRGA_HISTORIES</c> sets how many, <c>VIRGA_FIRST_SEED</c> where they begin; of one alone every step is told.
/// </summary>
public sealed class SubscriptionSimulationTests(ITestOutputHelper output)
{
    private static readonly int Histories = (int)Setting("VIRGA_HISTORIES", 2000);
    private static readonly ulong FirstSeed = Setting("VIRGA_FIRST_SEED", 1);

    [Fact]
    public void No_history_breaks_a_promise()
    {
        var failures = new List<(ulong Seed, SubscriptionHistory History)>();
        long deliveries = 0, crashes = 0;
        Parallel.For(0, Histories, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (i, loop) =>
        {
            var seed = FirstSeed + (ulong)i;
            var history = SubscriptionHistory.Run(seed, listener: Histories == 1 ? output.WriteLine : null);
            Interlocked.Add(ref deliveries, history.Checker.Deliveries);
            Interlocked.Add(ref crashes, history.Crashes);
            if (history.Checker.Anomalies.Count > 0)
            {
                lock (failures)
                {
                    failures.Add((seed, history));
                    if (failures.Count >= 20)
                    {
                        loop.Stop();
                    }
                }
            }
        });
        output.WriteLine($"{Histories:N0} histories from seed {FirstSeed}: {deliveries:N0} deliveries, {crashes:N0} crashes.");
        foreach (var (seed, history) in failures.OrderBy(static f => f.Seed))
        {
            output.WriteLine($"seed {seed} ({history.Plan.Type}, {history.Crashes} crashes): {history.Checker.Anomalies.Count} anomalies, the first at {history.Checker.Anomalies[0]}");
        }

        failures.Count.ShouldBe(0, "see the seeds in the output");
        (Histories < 1000 || crashes > 1000).ShouldBeTrue("Brokers must have crashed.");
    }

    [Fact]
    public void The_same_seed_gives_the_same_history()
    {
        for (ulong seed = 1; seed <= 50; seed++)
        {
            SubscriptionHistory.Run(seed).World.TraceHash.ShouldBe(SubscriptionHistory.Run(seed).World.TraceHash, $"seed {seed}");
        }
    }

    [Theory]
    [InlineData((int)PlantedBug.HidesEntries, "order", "lost")]
    [InlineData((int)PlantedBug.ForgetsWrites, "durable", "durable")]
    [InlineData((int)PlantedBug.LetsKeysGo, "key", "key")]
    [InlineData((int)PlantedBug.RunsAhead, "early", "early")]
    [InlineData((int)PlantedBug.HasNoLimit, "limit", "limit")]
    [InlineData((int)PlantedBug.SharesWithAll, "order", "active")]
    public void A_planted_bug_is_found(int bug, string anomaly, string or)
    {
        for (ulong seed = 1; seed <= 500; seed++)
        {
            var history = SubscriptionHistory.Run(seed, (PlantedBug)bug);
            if (history.Checker.Anomalies.Find(found => found.Contains($" {anomaly}:", StringComparison.Ordinal) || found.Contains($" {or}:", StringComparison.Ordinal)) is { } found)
            {
                output.WriteLine($"{(PlantedBug)bug} was found with seed {seed}, at {found}");
                return;
            }
        }

        Assert.Fail($"{(PlantedBug)bug} was not found in 500 histories.");
    }

    private static ulong Setting(string name, ulong usual) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : usual;
}
