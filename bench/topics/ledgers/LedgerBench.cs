using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Bench.Topics;

/// <summary>The measurements of the segment files, in process, beside what the disk can.</summary>
internal sealed class LedgerBench(string directory, TimeSpan duration, double recoveryGigabytes)
{
    private const int Producers = 64;
    private const int IdleLedgers = 100_000;
    private const int Turns = 5;

    private readonly List<Figure> _figures = [];
    private long _ledgers;

    public async Task<IReadOnlyList<Figure>> RunAsync(string? only)
    {
        (string Name, Func<Task> Measure)[] all =
        [
            ("latency", LatencyAsync),
            ("producers", ProducersAsync),
            ("bandwidth", BandwidthAsync),
            ("interval", IntervalAsync),
            ("reading", ReadingAsync),
            ("memory", MemoryAsync),
            ("recovery", RecoveryAsync),
        ];
        foreach (var (name, measure) in all)
        {
            if (only is null || only == name)
            {
                await measure();
            }
        }

        return _figures;
    }

    // In turns, so that both see the same disk.
    private async Task LatencyAsync()
    {
        await using var store = await OpenAsync("latency", LedgerDurability.Always);
        using var raw = new RawDisk(Path.Combine(directory, "raw"));
        var own = new Measured();
        for (var turn = 0; turn < Turns; turn++)
        {
            raw.Synchronise(duration / Turns);
            await AppendAsync(store, 1, 1, 1024, duration / Turns, own);
        }

        var disk = raw.Latency.ToFigure("fdatasync of 4 KB appended to a file");
        var figure = own.ToFigure("append 1 KB, `always`, 1 producer, unpipelined");
        _figures.Add(disk);
        _figures.Add(figure with { Target = AtMost(figure.P50!.Value / disk.P50!.Value, 2, "x fdatasync") });
    }

    private async Task ProducersAsync()
    {
        await using var store = await OpenAsync("producers", LedgerDurability.Always);
        _figures.Add(await AppendAsync($"append 1 KB, `always`, {Producers} producers, unpipelined", store, Producers, 1, 1024));
        _figures.Add(await AppendAsync($"append 1 KB, `always`, {Producers} producers, 16 under way each", store, Producers, 16, 1024));
    }

    private async Task BandwidthAsync()
    {
        await using var store = await OpenAsync("bandwidth", LedgerDurability.Always);
        using var raw = new RawDisk(Path.Combine(directory, "raw"));
        int[] underWay = [1, 4];
        var own = new[] { new Measured(), new Measured() };
        for (var turn = 0; turn < Turns; turn++)
        {
            raw.Write(duration / Turns);
            for (var i = 0; i < own.Length; i++)
            {
                await AppendAsync(store, Producers, underWay[i], 16 << 10, duration / Turns, own[i]);
            }
        }

        _figures.Add(new Figure("sequential write to a file, 1 MB at once, fdatasync at the end", raw.MegabytesPerSecond, "MB/s"));
        for (var i = 0; i < own.Length; i++)
        {
            var figure = own[i].ToFigure($"append 16 KB, `always`, {Producers} producers, {underWay[i]} under way each");
            var megabytes = figure.Value * (16 << 10) / 1e6;
            _figures.Add(figure with { Value = megabytes, Unit = "MB/s", Target = AtLeast(100 * megabytes / raw.MegabytesPerSecond, 60, "% of sequential") });
        }
    }

    private async Task IntervalAsync()
    {
        await using var store = await OpenAsync("interval", LedgerDurability.Interval);
        _figures.Add(await AppendAsync("append 1 KB, `interval`, 1 producer, unpipelined", store, 1, 1, 1024));
        _figures.Add(await AppendAsync($"append 1 KB, `interval`, {Producers} producers, unpipelined", store, Producers, 1, 1024));
        var figure = await AppendAsync($"append 1 KB, `interval`, {Producers} producers, 64 under way each", store, Producers, 64, 1024);
        _figures.Add(figure with { Target = AtLeast(figure.Value / 1000, 200, "thousand/s") });
    }

    private async Task ReadingAsync()
    {
        await using var store = await OpenAsync("reading", LedgerDurability.Interval);
        await ReadOneAsync(store, "1 KB", 1024, 300_000);
        await ReadOneAsync(store, "16 KB", 16 << 10, 20_000);
        var writers = await CreateAsync(store, Producers);
        await FillAsync(writers, 1024, 5000);
        ReadAll("catch up, 1 KB, one of 64 ledgers written together", store, writers[7].Id, 5000, 1024, 20);
    }

    private async Task ReadOneAsync(SegmentLedgerStore store, string size, int bytes, int entries)
    {
        var writers = await CreateAsync(store, 1);
        await FillAsync(writers, bytes, entries);
        var figure = ReadAll($"catch up, {size}, from the page cache", store, writers[0].Id, entries, bytes, 2);
        _figures[^1] = figure with { Target = AtLeast(figure.Value, 500, "MB/s") };
    }

    private Figure ReadAll(string name, SegmentLedgerStore store, LedgerId id, int entries, int bytes, int rounds)
    {
        var into = new List<LedgerEntry>(4096);
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < rounds; round++)
        {
            long next = 0;
            while (true)
            {
                into.Clear();
                var read = store.ReadAsync(id, next, 1000, 1 << 20, into, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                if (read == 0)
                {
                    break;
                }

                next += read;
            }

            if (next != entries)
            {
                throw new InvalidOperationException($"{next} of {entries} entries were read.");
            }
        }

        var figure = new Figure(name, (double)entries * bytes * rounds / clock.Elapsed.TotalSeconds / 1e6, "MB/s");
        _figures.Add(figure);
        return figure;
    }

    private async Task MemoryAsync()
    {
        await using var store = await OpenAsync("memory", LedgerDurability.Interval);
        long before = 0;

        // What the first thousand take with them is the store's, whatever it holds.
        foreach (var chunk in Enumerable.Range(0, IdleLedgers + 1000).Chunk(1000))
        {
            var writers = await CreateAsync(store, chunk.Length);
            await FillAsync(writers, 100, 1);
            foreach (var writer in writers)
            {
                await writer.DisposeAsync();
            }

            before = before == 0 ? GC.GetTotalMemory(forceFullCollection: true) : before;
        }

        var bytes = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / IdleLedgers;
        _figures.Add(new Figure($"memory of {IdleLedgers:N0} ledgers with one entry, each", bytes, "bytes", Target: AtMost(bytes, 200, "bytes")));
        GC.KeepAlive(store);
    }

    private async Task RecoveryAsync()
    {
        // Another process writes, and is killed: this one recovers what it leaves.
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(LedgerBench).Assembly.Location, "--directory", directory, "--recovery-gb", recoveryGigabytes.ToString(CultureInfo.InvariantCulture), "--fill"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using (var process = Process.Start(start)!)
        {
            await process.StandardOutput.ReadLineAsync();
            process.Kill();
            await process.WaitForExitAsync();
        }

        var clock = Stopwatch.StartNew();
        await using var again = await OpenAsync("recovery", LedgerDurability.Interval);
        var took = clock.Elapsed;
        _figures.Add(new Figure(string.Create(CultureInfo.InvariantCulture, $"recovery of {recoveryGigabytes:0.#} GB in {Producers} ledgers after kill -9"), took.TotalMilliseconds, "ms", Target: AtMost(took.TotalSeconds, 2, "s")));
    }

    /// <summary>Writes what is to be recovered, says so, and waits for its end.</summary>
    public async Task FillAsync()
    {
        const int size = 16 << 10;
        var entries = (int)(recoveryGigabytes * 1e9 / size / Producers);
        await using var store = await OpenAsync("recovery", LedgerDurability.Interval);
        await FillAsync(await CreateAsync(store, Producers), size, entries);
        Console.WriteLine("filled");
        await Task.Delay(Timeout.Infinite);
    }

    private async Task<Figure> AppendAsync(string name, SegmentLedgerStore store, int producers, int underWay, int bytes)
    {
        var measured = new Measured();
        await AppendAsync(store, producers, underWay, bytes, duration, measured);
        return measured.ToFigure(name);
    }

    private async Task AppendAsync(SegmentLedgerStore store, int producers, int underWay, int bytes, TimeSpan time, Measured into)
    {
        var writers = await CreateAsync(store, producers);
        var data = new byte[bytes];
        new Random(1).NextBytes(data);
        var appenders = writers.Select(writer => new Appender(writer, data)).ToList();
        var clock = Stopwatch.StartNew();
        appenders.ForEach(appender => appender.Begin(underWay));
        await Task.Delay(time);
        await Task.WhenAll(appenders.Select(static appender => appender.EndAsync()));
        into.Seconds += clock.Elapsed.TotalSeconds;
        appenders.ForEach(appender => into.Samples.AddRange(appender.Samples));
        foreach (var writer in writers)
        {
            await writer.CloseAsync(CancellationToken.None);
            await store.DeleteAsync(writer.Id, CancellationToken.None);
        }
    }

    private async Task<ILedgerWriter[]> CreateAsync(SegmentLedgerStore store, int count) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => store.CreateAsync(new LedgerId(++_ledgers), new WriterEpoch(1), CancellationToken.None).AsTask()));

    private static async Task FillAsync(ILedgerWriter[] writers, int bytes, int entries)
    {
        var data = new byte[bytes];
        for (var i = 0; i < entries; i++)
        {
            foreach (var writer in writers)
            {
                if (writer.PendingBytes > 1 << 20)
                {
                    SpinWait.SpinUntil(() => writer.PendingBytes <= 1 << 20);
                }

                writer.Append(new Unwatched { Data = data });
            }
        }

        foreach (var writer in writers)
        {
            while (writer.LastConfirmed < entries - 1)
            {
                await Task.Yield();
            }
        }
    }

    private async Task<SegmentLedgerStore> OpenAsync(string name, LedgerDurability durability)
    {
        var options = new SegmentLedgerOptions { Directory = Path.Combine(directory, name), Durability = durability };
        var store = new SegmentLedgerStore(options, NullLogger<SegmentLedgerStore>.Instance);
        await store.OpenAsync(CancellationToken.None);
        return store;
    }

    private static string AtLeast(double value, double target, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {unit}, asked: at least {target} {(value >= target ? "✓" : "✗")}");

    private static string AtMost(double value, double target, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value:0.00} {unit}, asked: at most {target} {(value <= target ? "✓" : "✗")}");

    private sealed class Unwatched : LedgerAppend
    {
        public override void Confirmed()
        {
            // Who waits looks at what the writer has confirmed.
        }

        public override void Failed(Exception failure) => throw new InvalidOperationException("An append failed.", failure);
    }
}
