using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>So many producers that each keep so many messages under way, for a time or until so much is published.</summary>
internal static class PublishRun
{
    public static async Task<object> RunAsync(LoadOptions options)
    {
        var (connections, depth, size, batch) = (options.Number("connections", 1), options.Number("depth", 1), options.Number("size", 1024), options.Number("batch", 1));
        var (seconds, warm, most) = (options.Seconds("seconds", 3), options.Seconds("warm", 1), options.Number("sends", int.MaxValue));
        var peer = Peer.Of(options.Text("peer"), options.Number("port"), options.Text("topic", "bench"));
        if (options.Number("create", 1) == 1)
        {
            await peer.CreateAsync();
        }

        var from = long.MaxValue;
        var to = long.MaxValue;
        var left = (long)most;
        var producers = new List<(Publishing Publishing, Producing Producing)>();
        for (var i = 0; i < connections; i++)
        {
            var publishing = await peer.PublishAsync(i, Payloads.Random(size), batch, isBlocking: connections == 1);
            producers.Add((publishing, new Producing(publishing, depth) { GoesOn = () => Interlocked.Decrement(ref left) >= 0 && Stopwatch.GetTimestamp() < Volatile.Read(ref to) }));
        }

        var began = Stopwatch.GetTimestamp();
        if (most == int.MaxValue)
        {
            from = began + Ticks(warm);
            Volatile.Write(ref to, from + Ticks(seconds));
        }
        else
        {
            from = began;
        }

        var runs = new List<Task>();
        foreach (var (_, producing) in producers)
        {
            (producing.CountFrom, producing.CountTo) = (from, to);
            runs.Add(Task.Run(producing.RunAsync));
        }

        await Task.WhenAll(runs);
        var elapsed = most == int.MaxValue ? seconds.TotalSeconds : Stopwatch.GetElapsedTime(began).TotalSeconds;
        var samples = new Samples();
        foreach (var (publishing, producing) in producers)
        {
            samples.AddAll(producing.Samples);
            publishing.Dispose();
        }

        samples.Sort();
        return new
        {
            Sends = samples.Count,
            PerSecond = samples.Count / elapsed,
            MegabytesPerSecond = samples.Count / elapsed * size * batch / 1e6,
            P50 = samples.Micros(0.5),
            P99 = samples.Micros(0.99),
        };
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
