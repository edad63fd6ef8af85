using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>What goes into one topic and comes out of another, with so many messages between: what a function between them does.</summary>
internal sealed class PipeRun : IDisposable
{
    private const int MostAtOnce = 128 * 1024;

    private readonly Publishing _publishing;
    private readonly Consuming _consuming;
    private readonly int _window;
    private readonly AutoResetEvent _came = new(initialState: false);
    private long _sent;
    private long _received;
    private volatile bool _isEnded;

    private PipeRun(Publishing publishing, Consuming consuming, int window) => (_publishing, _consuming, _window) = (publishing, consuming, window);

    public static async Task<object> RunAsync(LoadOptions options)
    {
        var (peer, port) = (options.Text("peer", "virga"), options.Number("port"));
        using var consuming = await Peer.Of(peer, port, options.Text("out")).ConsumeAsync(fromStart: false, isBlocking: true);
        using var publishing = await Peer.Of(peer, port, options.Text("in")).PublishAsync(0, Payloads.Json(options.Number("size", 100)), options.Number("batch", 1), isBlocking: true);
        using var pipe = new PipeRun(publishing, consuming, options.Number("window", 10_000));
        return await pipe.MeasureAsync(options.Seconds("warm", 3), options.Seconds("seconds", 5));
    }

    public void Dispose() => _came.Dispose();

    private async Task<object> MeasureAsync(TimeSpan warm, TimeSpan seconds)
    {
        var sending = Steady.OnThread(Send);
        var acknowledging = Steady.OnThread(Acknowledge);
        var receiving = Steady.OnThread(Receive);
        var failed = Task.WhenAny(sending, acknowledging, receiving);
        await Task.WhenAny(Task.Delay(warm), failed);
        var (began, before) = (Stopwatch.GetTimestamp(), Volatile.Read(ref _received));
        await Task.WhenAny(Task.Delay(seconds), failed);
        if (failed.IsCompleted)
        {
            await await failed;
        }

        var perSecond = (Volatile.Read(ref _received) - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        _isEnded = true;
        _came.Set();
        await sending;

        // What is still between the topics comes, or the run says how much did not.
        await Task.WhenAny(receiving, Task.Delay(seconds));
        return new { Sent = _sent, Received = Volatile.Read(ref _received), PerSecond = perSecond };
    }

    private void Send()
    {
        var buffer = new byte[MostAtOnce + _publishing.MaxFrame];
        while (!_isEnded)
        {
            var length = _publishing.WriteReplies(buffer);
            while (length < MostAtOnce && _sent - Volatile.Read(ref _received) < _window)
            {
                length += _publishing.Write(buffer.AsSpan(length), 0);
                Volatile.Write(ref _sent, _sent + _publishing.Batch);
            }

            if (length > 0)
            {
                _publishing.Wire.SendAsync(buffer.AsMemory(0, length)).AsTask().GetAwaiter().GetResult();
            }
            else
            {
                _came.WaitOne();
            }
        }
    }

    // Ends with the process: nobody waits for what the last sends are answered.
    private void Acknowledge()
    {
        while (true)
        {
            _publishing.Wire.ReceiveAsync().AsTask().GetAwaiter().GetResult();
            _publishing.Wire.Consume(_publishing.Read(_publishing.Wire.Received.Span).Consumed);
        }
    }

    private void Receive()
    {
        new Receiving(_consuming)
        {
            GoesOn = () =>
            {
                Volatile.Write(ref _received, _consuming.Messages);
                _came.Set();
                return !_isEnded || _consuming.Messages < Volatile.Read(ref _sent);
            },
        }.RunAsync().GetAwaiter().GetResult();
    }
}
