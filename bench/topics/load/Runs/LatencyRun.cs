using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>From when a message was due at its producer until its consumer has it, at a steady rate.</summary>
internal static class LatencyRun
{
    public static async Task<object> RunAsync(LoadOptions options)
    {
        var (rate, seconds, warm) = (options.Number("rate", 10_000), options.Seconds("seconds", 5), options.Seconds("warm", 1));
        var peer = Peer.Of(options.Text("peer"), options.Number("port"), options.Text("topic", "bench"));
        await peer.CreateAsync();

        // The topic is new: its start is its end.
        using var publishing = await peer.PublishAsync(0, Payloads.Random(options.Number("size", 1024)), 1, isBlocking: true);
        using var consuming = await peer.ConsumeAsync(fromStart: true, isBlocking: true);
        var samples = new Samples();
        var (early, all) = ((long)(rate * warm.TotalSeconds), (long)(rate * (warm + seconds).TotalSeconds));
        consuming.Stamped = stamp =>
        {
            if (consuming.Messages > early)
            {
                samples.Add(Stopwatch.GetTimestamp() - stamp);
            }
        };
        var receiving = new Receiving(consuming) { GoesOn = () => consuming.Messages < all };
        var received = Steady.OnThread(() => receiving.RunAsync().GetAwaiter().GetResult());
        await new Steady(publishing, rate).RunAsync(all);
        await received;
        samples.Sort();
        return new { samples.Count, P50 = samples.Micros(0.5), P99 = samples.Micros(0.99), P999 = samples.Micros(0.999) };
    }
}
