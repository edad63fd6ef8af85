using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;
using Virga.Topics.Wire;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>Makes many topics of Virga, with a message in each, and leaves them.</summary>
internal static class TopicsRun
{
    private const int Connections = 16;

    public static async Task<object> RunAsync(LoadOptions options)
    {
        var (count, port) = (options.Number("count"), options.Number("port"));
        var began = Stopwatch.GetTimestamp();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(async () =>
        {
            using var wire = await new PulsarPeer(port, "").ConnectAsync(isBlocking: false);
            using var publishing = new PulsarPublishing(wire, "bench", Payloads.Random(100), 1);
            var frame = new byte[publishing.MaxFrame];
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                await PulsarFrames.AskAsync(wire, PulsarFrames.Producer, PulsarFrames.ProducerBody($"persistent://public/default/idle-{i}", 0), PulsarFrames.ProducerSuccess);
                await wire.SendAsync(frame.AsMemory(0, publishing.Write(frame, 0)));
                await PulsarFrames.AskAsync(wire, PulsarFrames.CloseProducer, CloseBody(), PulsarFrames.Success);
            }
        })));
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new { Topics = count, PerSecond = count / elapsed };
    }

    private static byte[] CloseBody()
    {
        var body = new byte[8];
        var writer = new ProtoWriter(body);
        writer.Number(1, 0);
        writer.Number(2, 1);
        return body[..writer.Length];
    }
}
