using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Storage;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Stores.Embedded;
using Virga.State.Time;

namespace Virga.Bench.State;

/// <summary>The measurements of the embedded store, in process.</summary>
internal sealed class StoreBench(string directory, TimeSpan duration)
{
    private const int Keys = 100_000;
    private const int Clients = 64;
    private const int ReadsPerCall = 1000;
    private const int WritesPerCall = 100;

    private static readonly int Threads = Environment.ProcessorCount;

    public async Task<IReadOnlyList<Figure>> RunAsync()
    {
        var keys = Enumerable.Range(0, Keys).Select(i => new StateKey(Scope.Default, string.Create(CultureInfo.InvariantCulture, $"bench/key-{i}"))).ToArray();
        var put = new PutMutation(Payload.Of(PayloadTag.Bytes, new byte[100]));
        var figures = new List<Figure>();
        await using (var store = await OpenAsync("interval", Durability.Interval))
        {
            foreach (var key in keys)
            {
                await store.ApplyAsync(key, put, null, CancellationToken.None);
            }

            Measuring.Throughput("", Threads, duration / 5, ReadsPerCall, (thread, call) => Read(store, keys, thread, call));
            figures.Add(Measuring.Throughput($"get, {Threads} threads", Threads, duration, ReadsPerCall, (thread, call) => Read(store, keys, thread, call)));
            figures.Add(await Measuring.LatencyAsync("put 100 B, `interval`, 1 client", 1, duration, async (_, i) => await store.ApplyAsync(keys[i % Keys], put, null, CancellationToken.None)));
        }

        await using (var store = await OpenAsync("merges", Durability.Interval))
        {
            var increment = new IncrementMutation(1);
            Measuring.Throughput("", Threads, duration / 5, WritesPerCall, (thread, call) => Write(store, keys, increment, thread, call));
            figures.Add(Measuring.Throughput($"merge into a counter, `interval`, {Threads} threads", Threads, duration, WritesPerCall, (thread, call) => Write(store, keys, increment, thread, call)));
        }

        await using (var store = await OpenAsync("puts", Durability.Interval))
        {
            figures.Add(Measuring.Throughput($"put 100 B, `interval`, {Threads} threads", Threads, duration, WritesPerCall, (thread, call) => Write(store, keys, put, thread, call)));
        }

        // In turns, so that both see the same disk.
        await using (var store = await OpenAsync("sync", Durability.Sync))
        {
            figures.Add(await RawAsync("raw"));
            figures.Add(await Measuring.LatencyAsync("put 100 B, `sync`, 1 client", 1, duration, async (_, i) => await store.ApplyAsync(keys[i % Keys], put, null, CancellationToken.None)));
            figures.Add(await Measuring.LatencyAsync($"put 100 B, `sync`, {Clients} clients", Clients, duration, async (client, i) => await store.ApplyAsync(keys[((client * 1000) + i) % Keys], put, null, CancellationToken.None)));
        }

        return Judge(figures);
    }

    private static IReadOnlyList<Figure> Judge(List<Figure> figures)
    {
        var raw = figures.Single(figure => figure.Name.StartsWith("fdatasync", StringComparison.Ordinal));
        return
        [
            .. figures.Select(figure => figure with
            {
                Target = figure.Name switch
                {
                    var name when name.StartsWith("get", StringComparison.Ordinal) => Least(figure.PerSecond / 1e6, 5, "million/s"),
                    var name when name.StartsWith("merge", StringComparison.Ordinal) => Least(figure.PerSecond / 1e6, 1, "million/s"),
                    "put 100 B, `sync`, 1 client" => Most(figure.P50!.Value / raw.P50!.Value, 1.5, "x fdatasync"),
                    var name when name.EndsWith($"{Clients} clients", StringComparison.Ordinal) => Least(figure.PerSecond / raw.PerSecond, 20, "x one fdatasync per write"),
                    "put 100 B, `interval`, 1 client" => Most(figure.P50!.Value, 35, "us"),
                    _ => null,
                },
            }),
        ];
    }

    private static string Least(double value, double target, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {unit}, asked: at least {target} {(value >= target ? "✓" : "✗")}");

    private static string Most(double value, double target, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value:0.00} {unit}, asked: at most {target} {(value <= target ? "✓" : "✗")}");

    private static void Read(EmbeddedStateStore store, StateKey[] keys, int thread, int call)
    {
        // Another part of the keys each time: the threads do not read one after the other's.
        var at = (int)((((uint)call * 7919u) + ((uint)thread * 50_021u)) % Keys);
        for (var i = 0; i < ReadsPerCall; i++)
        {
            if (!store.TryRead(keys[at], out var record) || record is null)
            {
                throw new InvalidOperationException("A key is not there.");
            }

            at = at + 1 == Keys ? 0 : at + 1;
        }
    }

    private static void Write(EmbeddedStateStore store, StateKey[] keys, StateMutation mutation, int thread, int call)
    {
        var at = (int)((((uint)call * 7919u) + ((uint)thread * 50_021u)) % Keys);
        for (var i = 0; i < WritesPerCall; i++)
        {
            Apply(store, keys[at], mutation);
            at = at + 1 == Keys ? 0 : at + 1;
        }
    }

    // Where the disk cannot keep up, the store refuses until it has caught up: the wait is a part of what is measured.
    private static void Apply(EmbeddedStateStore store, StateKey key, StateMutation mutation)
    {
        var wait = new SpinWait();
        while (true)
        {
            try
            {
                var written = store.ApplyAsync(key, mutation, null, CancellationToken.None);
                if (!written.IsCompletedSuccessfully)
                {
                    written.AsTask().GetAwaiter().GetResult();
                }

                return;
            }
            catch (ProblemException e) when (e.Problem.Slug == "state-overloaded")
            {
                wait.SpinOnce();
            }
        }
    }

    // What the disk can: 4 KB more, and on disk, one after the other.
    private async Task<Figure> RawAsync(string name)
    {
        var path = Path.Combine(directory, name);
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var page = new byte[4096];
        return await Measuring.LatencyAsync("fdatasync of 4 KB, 1 client", 1, duration, (_, i) =>
        {
            RandomAccess.Write(file, page, (long)i * page.Length);
            FileSystemSync.SyncContent(file, path);
            return ValueTask.CompletedTask;
        });
    }

    private async Task<EmbeddedStateStore> OpenAsync(string name, Durability durability)
    {
        var options = new EmbeddedStateOptions { Directory = Path.Combine(directory, name), Durability = durability };
        var store = new EmbeddedStateStore(options, new HybridClock(TimeProvider.System), TimeProvider.System, NullLogger<EmbeddedStateStore>.Instance);
        await store.OpenAsync(CancellationToken.None);
        return store;
    }
}
