using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>A producer at a steady rate, and a consumer that goes for a while and comes again.</summary>
internal static class TimelineRun
{
    public static async Task<object> RunAsync(LoadOptions options)
    {
        var (rate, size) = (options.Number("rate"), options.Number("size", 1024));
        var (seconds, stop, start) = (options.Seconds("seconds"), options.Seconds("stop"), options.Seconds("start"));
        var every = options.Seconds("every", 0.25);
        var peer = Peer.Of(options.Text("peer", "virga"), options.Number("port"), options.Text("topic", "bench"));
        using var publishing = await peer.PublishAsync(0, Payloads.Random(size), 1, isBlocking: true);
        var steady = new Steady(publishing, rate);
        var consumer = new Coming(peer);
        await consumer.ComeAsync();

        var samples = new List<object>();
        var producing = steady.RunAsync((long)(rate * seconds.TotalSeconds));
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(every);
        while (await timer.WaitForNextTickAsync())
        {
            var at = clock.Elapsed;
            samples.Add(new { At = at.TotalSeconds, Published = steady.Acknowledged, Consumed = consumer.Messages, IsThere = consumer.IsThere });
            if (at >= seconds)
            {
                break;
            }

            if (consumer.IsThere && at >= stop && at < start)
            {
                await consumer.GoAsync();
            }
            else if (!consumer.IsThere && at >= start)
            {
                await consumer.ComeAsync();
            }
        }

        await producing;
        await consumer.GoAsync();
        return new { Samples = samples };
    }

    private sealed class Coming(Peer peer)
    {
        private Consuming? _consuming;
        private Task _receiving = Task.CompletedTask;
        private long _before;
        private volatile bool _isGoing;

        public bool IsThere => _consuming is not null;

        public long Messages => _before + (_consuming?.Messages ?? 0);

        public async ValueTask ComeAsync()
        {
            var consuming = await peer.ConsumeAsync(fromStart: true, isBlocking: true);
            _isGoing = false;
            _receiving = Steady.OnThread(() => new Receiving(consuming) { GoesOn = () => !_isGoing }.RunAsync().GetAwaiter().GetResult());
            _consuming = consuming;
        }

        // The producer goes on: something comes, and it looks whether it is to go.
        public async ValueTask GoAsync()
        {
            _isGoing = true;
            await Task.WhenAny(_receiving, Task.Delay(TimeSpan.FromSeconds(1)));
            (_before, var consuming, _consuming) = (Messages, _consuming, null);
            consuming?.Dispose();
        }
    }
}
