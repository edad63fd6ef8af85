using System.Globalization;
using System.Text;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Stores.Embedded;

/// <summary>A process that writes is killed again and again, at any moment: while it opens, writes, synchronises, and moves its log into the database.</summary>
public sealed class CrashTests
{
    private const int Kills = 10;

    [Fact]
    public async Task Every_acknowledged_write_is_there_after_each_kill()
    {
        const int seed = 20261125;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var folder = new EmbeddedFolder();
        var acknowledged = new long[NodeThatIsKilled.Writers];
        for (var kill = 0; kill < Kills; kill++)
        {
            // Every third time the kill comes while the store opens, or soon after.
            await RunAndKillAsync(folder.Path, acknowledged, kill % 3 == 2 ? random.Next(3) : random.Next(3, 1200), TimeSpan.FromTicks(random.Next(200_000)));

            // Looked at in a copy: what the next process recovers is what the last one left, and it may be killed at that too.
            await using var copy = folder.Copy();
            var store = await copy.OpenAsync();
            for (var writer = 0; writer < acknowledged.Length; writer++)
            {
                var count = CountOf(await store.ReadAsync(Key($"counter-{writer}"), TestContext.Current.CancellationToken));
                count.ShouldBeGreaterThanOrEqualTo(acknowledged[writer], $"counter {writer} after kill {kill}");
                if (count > 0)
                {
                    var value = TextOf(await store.ReadAsync(Key($"value-{writer}"), TestContext.Current.CancellationToken));
                    long.Parse(value ?? "0", CultureInfo.InvariantCulture).ShouldBeInRange(acknowledged[writer], count, $"value {writer} after kill {kill}");
                }
            }
        }

        acknowledged.Sum().ShouldBeGreaterThan(1000);
    }

    private static async Task RunAndKillAsync(string folder, long[] acknowledged, int lines, TimeSpan more)
    {
        using var process = NodeThatIsKilled.Start(folder);
        using var reader = new StreamReader(process.StandardOutput.BaseStream, Encoding.ASCII);
        var heard = 0;
        while (heard < lines && await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            heard += Hear(line, acknowledged);
        }

        // Some microseconds more, so that the kill is not always right after an acknowledgement.
        var until = System.Diagnostics.Stopwatch.StartNew();
        SpinWait.SpinUntil(() => until.Elapsed >= more);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            Hear(line, acknowledged);
        }
    }

    // The runner says things of its own, which do not count.
    private static int Hear(string line, long[] acknowledged)
    {
        var words = line.Split(' ');
        if (words is ["acknowledged", var writer, var count] && line.Length > 0)
        {
            acknowledged[int.Parse(writer, CultureInfo.InvariantCulture)] = long.Parse(count, CultureInfo.InvariantCulture);
        }

        return words[0] is "acknowledged" or "opening" or "open" ? 1 : 0;
    }
}
