using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>A store in a process of its own: this test assembly, started once more with only this in it. It writes until it is killed, and says what was confirmed.</summary>
public sealed class LedgersThatAreKilled
{
    private const int Writers = 8;
    private const string FolderVariable = "VIRGA_TEST_LEDGERS";
    private const string RunVariable = "VIRGA_TEST_RUN";
    private const string DurabilityVariable = "VIRGA_TEST_DURABILITY";

    /// <summary>Small segments, so that many are sealed, dropped and written anew.</summary>
    internal static SegmentLedgerOptions Options(string folder, LedgerDurability durability) =>
        new() { Directory = folder, Durability = durability, MinSegmentBytes = 32 << 10, MaxSegmentBytes = 128 << 10 };

    /// <summary>What an entry holds: nothing but its own place, over and over.</summary>
    internal static byte[] DataOf(long ledger, long entry)
    {
        var data = new byte[(int)(((ledger * 31) + (entry * 17)) % 700)];
        var text = Encoding.ASCII.GetBytes($"{ledger}/{entry};");
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = text[i % text.Length];
        }

        return data;
    }

    internal static Process Start(string folder, int run, LedgerDurability durability)
    {
        // The host program of the runtime that runs these tests: DOTNET/shared/FRAMEWORK/VERSION/../../../dotnet.
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        string[] arguments = [typeof(LedgersThatAreKilled).Assembly.Location, "-explicit", "only", "-method", $"{typeof(LedgersThatAreKilled).FullName}.{nameof(They_are_written_until_they_are_killed)}"];
        var start = new ProcessStartInfo(dotnet, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[FolderVariable] = folder;
        start.Environment[RunVariable] = run.ToString(CultureInfo.InvariantCulture);
        start.Environment[DurabilityVariable] = durability.ToString();
        return Process.Start(start)!;
    }

    [Fact(Explicit = true)]
    public async Task They_are_written_until_they_are_killed()
    {
        await using var output = Console.OpenStandardOutput();
        var run = int.Parse(Environment.GetEnvironmentVariable(RunVariable)!, CultureInfo.InvariantCulture);
        var options = Options(Environment.GetEnvironmentVariable(FolderVariable)!, Enum.Parse<LedgerDurability>(Environment.GetEnvironmentVariable(DurabilityVariable)!));
        Say(output, "opening");
        await using var store = new SegmentLedgerStore(options, NullLogger<SegmentLedgerStore>.Instance);
        await store.OpenAsync(TestContext.Current.CancellationToken);
        Say(output, "open");
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(store, output, (run * 1_000_000L) + (writer * 100_000L)))));
    }

    // One ledger after the other; of three that are full one is closed, one left open, one deleted.
    private static async Task WriteAsync(SegmentLedgerStore store, Stream output, long ledger)
    {
        while (true)
        {
            ledger++;
            var writer = await store.CreateAsync(new LedgerId(ledger), new WriterEpoch(1), CancellationToken.None);
            var entries = 20 + (ledger * 7 % 50);
            for (var entry = 0L; entry < entries;)
            {
                var ends = new List<Task<long>>();
                for (var together = 1 + (entry % 5); together > 0 && entry < entries; together--, entry++)
                {
                    ends.Add(LedgerStoreContract.Append(writer, DataOf(ledger, entry)).End);
                }

                Say(output, $"confirmed {ledger} {(await Task.WhenAll(ends))[^1]}");
            }

            switch (ledger % 3)
            {
                case 0:
                    await writer.CloseAsync(CancellationToken.None);
                    Say(output, $"closed {ledger} {entries - 1}");
                    break;
                case 1:
                    Say(output, $"deleting {ledger} 0");
                    await store.DeleteAsync(new LedgerId(ledger), CancellationToken.None);
                    Say(output, $"deleted {ledger} 0");
                    break;
                default:
                    await writer.DisposeAsync();
                    break;
            }
        }
    }

    // One call of the system for each line: no line is torn, whenever the end comes.
    private static void Say(Stream output, string line)
    {
        lock (output)
        {
            output.Write(Encoding.ASCII.GetBytes($"{line}\n"));
        }
    }
}
