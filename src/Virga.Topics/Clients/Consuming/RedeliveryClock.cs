using Virga.Topics.Messages;

namespace Virga.Topics.Clients.Consuming;

/// <summary>When entries are due: those that were rejected to be delivered again, those that nobody has dealt with to be taken for rejected. One timer for all of a consumer's topics.</summary>
internal sealed class RedeliveryClock : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly Action<ConsumerPart, Position, long> _due;
    private readonly ITimer _timer;

    // Guards the queue and what the timer is set to; nothing is called under it.
    private readonly Lock _gate = new();
    private readonly PriorityQueue<(ConsumerPart Part, Position Position), long> _queue = new();
    private long _setTo = long.MaxValue;

    /// <param name="time">The clock.</param>
    /// <param name="due">Called with a part, a position, and the time for which that was asked.</param>
    public RedeliveryClock(TimeProvider time, Action<ConsumerPart, Position, long> due)
    {
        (_time, _due) = (time, due);
        _timer = time.CreateTimer(static self => ((RedeliveryClock)self!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The timestamp after some time.</summary>
    public long After(TimeSpan delay) => _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);

    /// <summary>Asks to be told at a time; what is not of interest any more by then is for who is told.</summary>
    public void Add(ConsumerPart part, Position position, long at)
    {
        lock (_gate)
        {
            _queue.Enqueue((part, position), at);
            Set();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Ring()
    {
        lock (_gate)
        {
            _setTo = long.MaxValue;
        }

        while (true)
        {
            (ConsumerPart Part, Position Position) next;
            long at;
            lock (_gate)
            {
                if (!_queue.TryPeek(out next, out at) || at > _time.GetTimestamp())
                {
                    Set();
                    return;
                }

                _queue.Dequeue();
            }

            _due(next.Part, next.Position, at);
        }
    }

    // Under the gate. A millisecond is added, since timers count in them and one that rings early would ring again and again.
    private void Set()
    {
        if (_queue.TryPeek(out _, out var at) && at < _setTo)
        {
            _setTo = at;
            var left = TimeSpan.FromSeconds(Math.Max(0, at - _time.GetTimestamp()) / (double)_time.TimestampFrequency);
            _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds) + 1), Timeout.InfiniteTimeSpan);
        }
    }
}
