using System.Net.Sockets;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>Waits for a server that is about to start: asks until the first message of a topic can be read and another one published to it, and tells when each came true.</summary>
internal static class AnswerRun
{
    // So often it is asked while nothing listens.
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(2);

    public static async Task<object> RunAsync(LoadOptions options)
    {
        var peer = Peer.Of(options.Text("peer"), options.Number("port"), options.Text("topic", "bench"), options.Text("subscription", "answer"));
        var limit = options.Seconds("limit", 60);
        var began = TimeProvider.System.GetTimestamp();

        // The caller starts the server when it sees this: the start of this process is behind it.
        await Console.Error.WriteLineAsync("waiting");
        while (true)
        {
            try
            {
                await PublishAsync(peer, Payloads.Random(options.Number("size", 1024)));
                var published = Now;
                await ReadAsync(peer);
                return new { PublishedAt = published, ReadAt = Now };
            }
            catch (Exception e) when (e is SocketException or IOException && TimeProvider.System.GetElapsedTime(began) < limit)
            {
                await Task.Delay(s_every);
            }
        }
    }

    // In milliseconds since 1970, by the clock that the caller has, too.
    private static double Now => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    private static async Task PublishAsync(Peer peer, byte[] payload)
    {
        using var publishing = await peer.PublishAsync(0, payload, 1, isBlocking: true);
        var left = 1;
        await new Producing(publishing, 1) { GoesOn = () => left-- > 0 }.RunAsync();
    }

    private static async Task ReadAsync(Peer peer)
    {
        using var consuming = await peer.ConsumeAsync(fromStart: true, isBlocking: true);
        await new Receiving(consuming) { GoesOn = () => consuming.Messages == 0 }.RunAsync();
    }
}
