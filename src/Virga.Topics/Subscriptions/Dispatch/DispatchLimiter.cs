namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// Two buckets that fill with time, up to one second's worth: one of messages, one of bytes. What is delivered is taken out afterwards, so that a bucket may go below zero and the next delivery waits for it;
/// an entry is never cut. Safe for many threads: subscriptions of one topic share one.
/// </summary>
public sealed class DispatchLimiter
{
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private DispatchRate _rate;
    private double _messages;
    private double _bytes;
    private long _filled;

    /// <summary>A limiter with full buckets.</summary>
    public DispatchLimiter(DispatchRate rate, TimeProvider time)
    {
        _time = time;
        _filled = time.GetTimestamp();
        _rate = rate;
        (_messages, _bytes) = (rate.Messages, rate.Bytes);
    }

    /// <summary>What it allows; may change at any time.</summary>
    public DispatchRate Rate
    {
        get
        {
            lock (_gate)
            {
                return _rate;
            }
        }

        set
        {
            lock (_gate)
            {
                Fill();
                if (_rate != value)
                {
                    (_rate, _messages, _bytes) = (value, value.Messages, value.Bytes);
                }
            }
        }
    }

    /// <summary>How long nothing may be delivered; zero for "now".</summary>
    internal TimeSpan Wait()
    {
        lock (_gate)
        {
            Fill();
            var seconds = Math.Max(Missing(_messages, _rate.Messages), Missing(_bytes, _rate.Bytes));
            return seconds > 0 ? TimeSpan.FromSeconds(Math.Max(seconds, 0.001)) : TimeSpan.Zero;
        }
    }

    /// <summary>How many messages may be delivered now, at least one.</summary>
    internal int Room(int wanted)
    {
        lock (_gate)
        {
            return _rate.Messages > 0 ? (int)Math.Clamp(_messages, 1, wanted) : wanted;
        }
    }

    internal void Take(long messages, long bytes)
    {
        lock (_gate)
        {
            _messages -= messages;
            _bytes -= bytes;
        }
    }

    // A bucket that holds less than one message or byte has to fill up to one.
    private static double Missing(double level, long rate) => rate > 0 && level < 1 ? (1 - level) / rate : 0;

    private void Fill()
    {
        var now = _time.GetTimestamp();
        var seconds = _time.GetElapsedTime(_filled, now).TotalSeconds;
        _filled = now;
        _messages = Math.Min(_rate.Messages, _messages + (seconds * _rate.Messages));
        _bytes = Math.Min(_rate.Bytes, _bytes + (seconds * _rate.Bytes));
    }
}
