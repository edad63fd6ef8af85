using Virga.Topics.Policies;

namespace Virga.Topics.Publishing;

/// <summary>
/// How fast a topic is published to, where its policies limit that: a bucket that fills by the second. It may go into debt by what is published at once; until that is paid, producers are backed up.
/// </summary>
internal sealed class PublishRate(TimeProvider time) : IDisposable
{
    // Guards all fields; held for arithmetic.
    private readonly Lock _lock = new();
    private RateLimit? _limit;
    private double _messages;
    private double _bytes;
    private long _filledAt;
    private List<Producer> _waiting = [];
    private ITimer? _timer;
    private volatile bool _isLimited;

    /// <summary>The limit; null for none.</summary>
    public RateLimit? Limit
    {
        get => _limit;
        set
        {
            List<Producer> woken;
            lock (_lock)
            {
                if (value == _limit)
                {
                    return;
                }

                (_limit, _isLimited, _filledAt) = (value, value is not null, time.GetTimestamp());
                (_messages, _bytes) = (value?.Messages ?? 0, value?.Bytes ?? 0);
                (woken, _waiting) = (_waiting, []);
            }

            Wake(woken);
        }
    }

    /// <summary>Whether publishing is welcome.</summary>
    public bool HasRoom
    {
        get
        {
            if (!_isLimited)
            {
                return true;
            }

            lock (_lock)
            {
                Fill();
                return Debt() <= 0;
            }
        }
    }

    public void Take(int messages, int bytes)
    {
        if (!_isLimited)
        {
            return;
        }

        lock (_lock)
        {
            Fill();
            _messages -= messages;
            _bytes -= bytes;
        }
    }

    /// <summary>The producer is told when there is room.</summary>
    public void Wait(Producer producer)
    {
        lock (_lock)
        {
            _waiting.Add(producer);
            Fill();
            var pause = TimeSpan.FromSeconds(Math.Max(Debt(), 0.001));
            _timer ??= time.CreateTimer(static state => ((PublishRate)state!).Elapsed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(pause, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Elapsed()
    {
        List<Producer> woken;
        lock (_lock)
        {
            Fill();
            if (Debt() > 0)
            {
                _timer!.Change(TimeSpan.FromSeconds(Debt()) + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                return;
            }

            (woken, _waiting) = (_waiting, []);
        }

        Wake(woken);
    }

    // Seconds until there is room; at most 0 when there is. Under the lock.
    private double Debt()
    {
        if (_limit is not { } limit)
        {
            return 0;
        }

        var messages = limit.Messages > 0 ? -_messages / limit.Messages : -1;
        var bytes = limit.Bytes > 0 ? -_bytes / limit.Bytes : -1;
        return Math.Max(messages, bytes);
    }

    // Under the lock. What was not used within a second is not saved up.
    private void Fill()
    {
        if (_limit is not { } limit)
        {
            return;
        }

        var now = time.GetTimestamp();
        var passed = time.GetElapsedTime(_filledAt, now).TotalSeconds;
        _filledAt = now;
        _messages = Math.Min(_messages + (passed * limit.Messages), limit.Messages);
        _bytes = Math.Min(_bytes + (passed * limit.Bytes), limit.Bytes);
    }

    private static void Wake(List<Producer> woken)
    {
        foreach (var producer in woken)
        {
            producer.Wake();
        }
    }
}
