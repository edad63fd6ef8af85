using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>An open loop: a message at each point of time, whether those before are acknowledged or not. Its stamp is when it was due: what is sent late counts from then (no "coordinated omission").</summary>
internal sealed class Steady(Publishing publishing, int perSecond)
{
    private long _acknowledged;
    private volatile bool _isEnded;

    /// <summary>How many messages are acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>How many are sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Sends so many; returns when all are acknowledged.</summary>
    public async Task RunAsync(long count)
    {
        var sending = OnThread(() => Send(count));
        var acknowledging = OnThread(() => Acknowledge(count));
        await Task.WhenAll(sending, acknowledging);
    }

    /// <summary>Runs something that blocks.</summary>
    public static Task OnThread(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Send(long count)
    {
        Pace.Prepare();
        var frame = new byte[publishing.MaxFrame + 64];
        var began = Stopwatch.GetTimestamp();
        for (; Sent < count && !_isEnded; Sent++)
        {
            var due = began + (Sent * Stopwatch.Frequency / perSecond);
            Pace.Until(due);
            var length = publishing.WriteReplies(frame);
            length += publishing.Write(frame.AsSpan(length), due);
            publishing.Wire.SendAsync(frame.AsMemory(0, length)).AsTask().GetAwaiter().GetResult();
        }
    }

    private void Acknowledge(long count)
    {
        try
        {
            while (_acknowledged < count)
            {
                publishing.Wire.ReceiveAsync().AsTask().GetAwaiter().GetResult();
                var (consumed, acknowledged) = publishing.Read(publishing.Wire.Received.Span);
                publishing.Wire.Consume(consumed);
                Volatile.Write(ref _acknowledged, _acknowledged + acknowledged);
            }
        }
        finally
        {
            _isEnded = true;
        }
    }
}
