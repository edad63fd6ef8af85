using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Messages;

/// <summary>
/// Puts chunks together for a consumer, and says which of them will never be a message: their producer has died, or the first ones are not there. Nobody else acknowledges those, and the subscription would
/// stand before them for ever. A chunk is given up only when nothing came of it for the time that its limits say, since what is delivered anew comes in between. Of one topic and one attachment: after
/// another attachment all that is not acknowledged comes again.
/// </summary>
public sealed class ChunkCollector : IDisposable
{
    private readonly ChunkLimits _limits;
    private readonly TimeProvider _time;
    private readonly Action<IReadOnlyList<Position>> _giveUp;
    private readonly ITimer _timer;

    // Guards all below; nothing is called under it.
    private readonly Lock _gate = new();
    private readonly ChunkAssembler _chunks;

    // Those that wait for their message to begin anew, with the timestamp until which they do; the queue in the order of that, which is the one in which they came.
    private readonly Dictionary<Position, long> _waiting = [];
    private readonly Queue<(Position Position, long Until)> _due = new();

    /// <param name="limits">How much is waited for.</param>
    /// <param name="time">The clock.</param>
    /// <param name="giveUp">Called with entries that are to be acknowledged, by whoever adds one or by a timer; returns at once.</param>
    public ChunkCollector(ChunkLimits limits, TimeProvider time, Action<IReadOnlyList<Position>> giveUp)
    {
        (_limits, _time, _giveUp) = (limits, time, giveUp);
        _chunks = new ChunkAssembler(limits.MaxMessages, time: time);
        _timer = time.CreateTimer(static self => ((ChunkCollector)self!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes a chunk.</summary>
    /// <returns>The message when this was its last chunk; else null.</returns>
    /// <exception cref="MalformedMessageException">The entry is no chunk, or the message that it completes cannot be read.</exception>
    public ChunkedMessage? Add(TopicName topic, in DeliveredEntry entry)
    {
        List<Position> gone = [];
        try
        {
            lock (_gate)
            {
                _waiting.Remove(entry.Position);
                try
                {
                    return _chunks.Add(topic, entry);
                }
                finally
                {
                    Sort(entry.Position, gone);
                    Set();
                }
            }
        }
        finally
        {
            Tell(gone);
        }
    }

    /// <summary>Gives nothing up any more.</summary>
    public void Dispose() => _timer.Dispose();

    private void Ring()
    {
        List<Position> gone = [];
        lock (_gate)
        {
            if (_limits.Patience is not { } patience)
            {
                return;
            }

            var now = _time.GetTimestamp();
            _chunks.Expire(now - Ticks(patience));
            Sort(null, gone);
            while (_due.TryPeek(out var next) && next.Until <= now)
            {
                _due.Dequeue();
                if (_waiting.TryGetValue(next.Position, out var until) && until == next.Until)
                {
                    _waiting.Remove(next.Position);
                    gone.Add(next.Position);
                }
            }

            Set();
        }

        Tell(gone);
    }

    private void Sort(Position? added, List<Position> gone)
    {
        foreach (var chunk in _chunks.TakeAbandoned())
        {
            switch (chunk.Loss)
            {
                case ChunkLoss.Superseded when chunk.Position == added:
                    // The same entry once more: the message that has just begun has it.
                    break;
                case ChunkLoss.Overflowed when !_limits.AcknowledgesOldest:
                    // Stays unacknowledged.
                    break;
                case ChunkLoss.Orphaned when !IsOld(chunk):
                case ChunkLoss.Superseded:
                    Wait(chunk.Position);
                    break;
                default:
                    gone.Add(chunk.Position);
                    break;
            }
        }
    }

    private void Wait(Position position)
    {
        if (_limits.Patience is { } patience)
        {
            var until = _time.GetTimestamp() + Ticks(patience);
            _waiting[position] = until;
            _due.Enqueue((position, until));
        }
    }

    // As Pulsar's clients see it: published so long ago, what belongs before it would have come.
    private bool IsOld(in AbandonedChunk chunk) => _limits.Patience is { } patience && MessageReader.Instant(chunk.PublishedAt) < _time.GetUtcNow() - patience;

    private void Set()
    {
        if (_limits.Patience is not { } patience)
        {
            return;
        }

        var next = _chunks.QuietSince is { } since ? since + Ticks(patience) : long.MaxValue;
        if (_due.TryPeek(out var waiting) && waiting.Until < next)
        {
            next = waiting.Until;
        }

        // A millisecond more: a timer that rings early would find nothing due.
        _timer.Change(
            next == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(0, _time.GetElapsedTime(_time.GetTimestamp(), next).TotalMilliseconds) + 1),
            Timeout.InfiniteTimeSpan);
    }

    private void Tell(List<Position> gone)
    {
        if (gone.Count > 0)
        {
            _giveUp(gone);
        }
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);
}
