using System.Diagnostics;
using System.Globalization;
using System.Text;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>A process that writes ledgers is killed again and again, at any moment: while it opens, writes, synchronises, seals and rewrites segments.</summary>
public sealed class SegmentCrashTests
{
    private const int Kills = 8;

    [Theory]
    [InlineData(LedgerDurability.Always)]
    [InlineData(LedgerDurability.Interval)]
    public async Task Every_confirmed_entry_is_exactly_where_it_was_after_each_kill(LedgerDurability durability)
    {
        const int seed = 20261125;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var folder = new SegmentFolder { Options = LedgersThatAreKilled.Options("", durability) };
        var heard = new Dictionary<long, (long Confirmed, bool Closed, bool Deleting, bool Deleted)>();
        for (var kill = 0; kill < Kills; kill++)
        {
            // Every fourth time the kill comes while the store opens, or soon after.
            await RunAndKillAsync(folder.Path, kill, durability, heard, kill % 4 == 3 ? random.Next(3) : random.Next(3, 1500), TimeSpan.FromTicks(random.Next(200_000)));
            await CheckAsync(folder, kill, heard);
        }

        heard.Values.Sum(static ledger => ledger.Confirmed + 1).ShouldBeGreaterThan(1000);
        heard.Values.Count(static ledger => ledger.Deleted).ShouldBeGreaterThan(5);
    }

    // Looked at in a copy: what the next process recovers is what the last one left, and it may be killed at that too.
    private static async Task CheckAsync(SegmentFolder folder, int kill, Dictionary<long, (long Confirmed, bool Closed, bool Deleting, bool Deleted)> heard)
    {
        await using var copy = folder.Copy();
        await copy.OpenAsync();
        foreach (var (ledger, said) in heard)
        {
            var where = $"ledger {ledger} after kill {kill}";
            LedgerEnd end;
            try
            {
                end = await copy.Store.RecoverAsync(new LedgerId(ledger), new WriterEpoch(2), SegmentFolder.Cancellation);
            }
            catch (LedgerNotFoundException)
            {
                said.Deleting.ShouldBeTrue(where);
                continue;
            }

            said.Deleted.ShouldBeFalse(where);
            end.LastEntry.ShouldBeGreaterThanOrEqualTo(said.Confirmed, where);
            if (said.Closed)
            {
                end.LastEntry.ShouldBe(said.Confirmed, where);
            }

            var entries = new List<LedgerEntry>();
            while (await copy.Store.ReadAsync(new LedgerId(ledger), entries.Count, int.MaxValue, int.MaxValue, entries, SegmentFolder.Cancellation) > 0)
            {
            }

            entries.Count.ShouldBe((int)end.Entries, where);
            foreach (var entry in entries)
            {
                entry.Data.Span.SequenceEqual(LedgersThatAreKilled.DataOf(ledger, entry.Id)).ShouldBeTrue($"entry {entry.Id} of {where}");
            }
        }
    }

    private static async Task RunAndKillAsync(
        string folder, int run, LedgerDurability durability, Dictionary<long, (long Confirmed, bool Closed, bool Deleting, bool Deleted)> heard, int lines, TimeSpan more)
    {
        using var process = LedgersThatAreKilled.Start(folder, run, durability);
        using var reader = new StreamReader(process.StandardOutput.BaseStream, Encoding.ASCII);
        var count = 0;
        while (count < lines && await reader.ReadLineAsync(SegmentFolder.Cancellation) is { } line)
        {
            count += Hear(line, heard);
        }

        // Some microseconds more, so that the kill is not always right after a confirmation.
        var until = Stopwatch.StartNew();
        SpinWait.SpinUntil(() => until.Elapsed >= more);
        process.Kill();
        await process.WaitForExitAsync(SegmentFolder.Cancellation);
        while (await reader.ReadLineAsync(SegmentFolder.Cancellation) is { } line)
        {
            Hear(line, heard);
        }
    }

    // The runner says things of its own, which do not count.
    private static int Hear(string line, Dictionary<long, (long Confirmed, bool Closed, bool Deleting, bool Deleted)> heard)
    {
        var words = line.Split(' ');
        if (words is not [var what and ("confirmed" or "closed" or "deleting" or "deleted"), var ledger, var entry])
        {
            return words[0] is "opening" or "open" ? 1 : 0;
        }

        var id = long.Parse(ledger, CultureInfo.InvariantCulture);
        var said = heard.GetValueOrDefault(id, (-1, false, false, false));
        heard[id] = what switch
        {
            "confirmed" => said with { Confirmed = long.Parse(entry, CultureInfo.InvariantCulture) },
            "closed" => said with { Closed = true },
            "deleting" => said with { Deleting = true },
            _ => said with { Deleted = true },
        };
        return 1;
    }
}
