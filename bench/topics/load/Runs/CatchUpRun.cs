using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>One consumer that reads a topic from its beginning.</summary>
internal static class CatchUpRun
{
    public static async Task<object> RunAsync(LoadOptions options)
    {
        var peer = Peer.Of(options.Text("peer"), options.Number("port"), options.Text("topic", "bench"), options.Text("subscription", "bench"));
        var messages = options.Number("messages");
        var began = Stopwatch.GetTimestamp();
        using var consuming = await peer.ConsumeAsync(fromStart: true, isBlocking: true);
        await new Receiving(consuming) { GoesOn = () => consuming.Messages < messages }.RunAsync();
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new { consuming.Messages, PerSecond = consuming.Messages / elapsed, MegabytesPerSecond = consuming.Bytes / elapsed / 1e6 };
    }
}
