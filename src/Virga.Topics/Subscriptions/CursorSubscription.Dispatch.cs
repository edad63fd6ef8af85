using Microsoft.Extensions.Logging;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Cursors;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <content>What is read and delivered. Everything here is under the gate, but for the reading of what is not in memory.</content>
public sealed partial class CursorSubscription
{
    // How long a log that could not be read is left alone.
    private static readonly TimeSpan ReadRetry = TimeSpan.FromSeconds(1);

    private readonly DispatchLimiter _limiter;
    private readonly DelayedEntries _delays;
    private readonly RedeliveryCounts _redeliveries = new();

    // Entries that were read and not yet placed: the hand. It is filled only when it is empty.
    private readonly List<LogEntry> _hand = [];
    private readonly List<ReturnedEntry> _taken = [];
    private readonly ITimer _alarm;
    private int _handAt;

    // What is read next of what is new.
    private Position _read;

    // The last entry that was delivered, where one consumer gets everything.
    private Position _delivered = Position.Earliest;
    private bool _isHungry;
    private bool _isRecalling;
    private bool _isFetchWanted;
    private bool _isFetching;
    private bool _isResting;
    private int _fetchMost;

    // A fetch that was begun before the reading position was moved is of no use.
    private int _readEpoch;
    private double _messagesPerEntry = 1;
    private long _alarmAt = long.MaxValue;
    private long _unacknowledged;
    private bool _isBlocked;
    private bool _isEnded;
    private (long Messages, long Bytes, long Redelivered, long DeliveredAt) _gone;

    // The compacted topic where the one consumer asked for it.
    private ITopicLog Source => Context.Compacted is { } compacted && Dispatcher?.Active is { Options.ReadCompacted: true } ? compacted : Context.Log;

    /// <inheritdoc/>
    public override void Appended()
    {
        if (Volatile.Read(ref _isHungry))
        {
            Wake();
        }
    }

    private protected override bool Dispatch()
    {
        Volatile.Write(ref _isHungry, false);
        if (IsClosed || _isFetching || Consumers.Count == 0)
        {
            return false;
        }

        var now = Context.Time.GetUtcNow().ToUnixTimeMilliseconds();
        ReleaseDelayed(now);
        if (_isTerminated)
        {
            TellEnd();
        }

        if (!Dispatcher!.HasRoom || IsOverLimit() || _isResting)
        {
            return false;
        }

        var wait = LongestWait();
        if (wait > TimeSpan.Zero)
        {
            Alarm(now + (long)Math.Ceiling(wait.TotalMilliseconds), now);
            return false;
        }

        if (_hand.Count == 0 && !Refill())
        {
            return false;
        }

        Place(now);
        return true;
    }

    private protected override void Fetch()
    {
        if (_isFetchWanted)
        {
            lock (Gate)
            {
                if (_isFetchWanted && !_isEnded)
                {
                    _isFetchWanted = false;
                    _isFetching = true;
                }
                else
                {
                    return;
                }
            }

            _fetching = FetchAsync();
        }
    }

    private TimeSpan LongestWait()
    {
        var wait = _limiter.Rate.IsLimited ? _limiter.Wait() : TimeSpan.Zero;
        var all = Context.TopicLimiter is { Rate.IsLimited: true } topic ? topic.Wait() : TimeSpan.Zero;
        return wait > all ? wait : all;
    }

    // Fills the hand from memory. False when there is nothing to read, or it has to be fetched.
    private bool Refill()
    {
        var most = (int)Math.Clamp(Permits / _messagesPerEntry, 1, Options.ReadEntries);
        most = _limiter.Room(most);
        most = Context.TopicLimiter?.Room(most) ?? most;
        _taken.Clear();
        _isRecalling = false;
        if ((Dispatcher!.Returned > 0 && Dispatcher.TakeReturned(_taken, most)) || Recall(most))
        {
            // All of them lie close together: one reading finds them, and others among them that are not wanted.
            _fetchMost = (int)(_taken[^1].Position.Entry - _taken[0].Position.Entry) + 1;
            if (Context.Log.TryRead(_taken[0].Position, _fetchMost, Options.ReadBytes, _hand) && _hand.Count > 0)
            {
                KeepTaken();
                return true;
            }

            _isFetchWanted = true;
            return false;
        }

        if (Dispatcher.Returned >= Options.MaxWaiting)
        {
            return false;
        }

        var source = Source;
        if (_read > source.Last)
        {
            // What is appended from now on wakes us; what was appended before this line is seen by the next.
            Volatile.Write(ref _isHungry, true);
            Interlocked.MemoryBarrier();
            if (_read > source.Last)
            {
                return false;
            }

            Volatile.Write(ref _isHungry, false);
        }

        if (source.TryRead(_read, most, Options.ReadBytes, _hand) && _hand.Count > 0)
        {
            KeepNew(source);
            return true;
        }

        _fetchMost = most;
        _isFetchWanted = true;
        return false;
    }

    private async Task FetchAsync()
    {
        ITopicLog source;
        Position from;
        int epoch;
        lock (Gate)
        {
            source = _taken.Count > 0 ? Context.Log : Source;
            from = _taken.Count > 0 ? _taken[0].Position : _read;
            epoch = _readEpoch;
        }

        var fetched = new List<LogEntry>();
        Exception? failure = null;
        try
        {
            await source.ReadAsync(from, _fetchMost, Options.ReadBytes, fetched, _closing.Token);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            LogUnreadable(Context.Logger, Name.Value, from, e);
            failure = e;
        }

        lock (Gate)
        {
            _isFetching = false;
            if (epoch == _readEpoch)
            {
                Fetched(source, fetched, failure);
            }
        }

        Wake();
    }

    private void Fetched(ITopicLog source, List<LogEntry> fetched, Exception? failure)
    {
        _hand.AddRange(fetched);
        if (failure is not null || fetched.Count == 0)
        {
            // A log that promises an entry and gives none is left alone for a while as well.
            GiveBackTaken(0);
            _isResting = true;
            Alarm(Context.Time.GetUtcNow() + ReadRetry);
        }
        else if (_taken.Count > 0)
        {
            KeepTaken();
        }
        else
        {
            KeepNew(source);
        }
    }

    // Of what was read again, leaves in the hand what is to be delivered again.
    private void KeepTaken()
    {
        int kept = 0, next = 0;
        for (var i = 0; i < _hand.Count && next < _taken.Count; i++)
        {
            var position = _hand[i].Position;
            while (next < _taken.Count && _taken[next].Position < position)
            {
                // It is not in the log any more.
                Settle(_taken[next++].Position);
            }

            if (next < _taken.Count && _taken[next].Position == position)
            {
                _hand[kept++] = _hand[i];
                next++;
            }
        }

        _hand.RemoveRange(kept, _hand.Count - kept);
        var first = Context.Log.First;
        for (; next < _taken.Count && _taken[next].Position < first; next++)
        {
            Settle(_taken[next].Position);
        }

        GiveBackTaken(next);
    }

    private void GiveBackTaken(int from)
    {
        for (var i = from; i < _taken.Count; i++)
        {
            if (_isRecalling)
            {
                _delays.Forget(_taken[i].Position);
            }
            else
            {
                Dispatcher!.Return(_taken[i].Position, _taken[i].Slot);
            }
        }

        _taken.Clear();
    }

    private void KeepNew(ITopicLog source)
    {
        // What lies between what was expected and what came was trimmed, or compacted away: nobody can get it.
        var expected = _read;
        var before = _cursor.Changes;
        foreach (var entry in _hand)
        {
            if (entry.Position != expected)
            {
                PassOver(source, expected, entry.Position);
            }

            expected = new Position(entry.Position.Ledger, entry.Position.Entry + 1);
        }

        _read = source.After(_hand[^1].Position);
        if (_cursor.Changes != before)
        {
            Changed();
        }
    }

    // Acknowledges the places from one entry up to another, which do not exist for this subscription.
    private void PassOver(ITopicLog source, Position from, Position to)
    {
        var log = Context.Log;
        if (source != log && _cursor.MarkDeleted < log.Before(log.First))
        {
            // Before what the log still has lies what compaction has kept, with gaps whose places nobody knows any more. An acknowledgement of all up to a message passes over them.
            return;
        }

        if (log.After(_cursor.MarkDeleted) >= from)
        {
            _cursor.AcknowledgeThrough(log.Before(to));
            return;
        }

        var last = log.Before(to);
        for (var at = from; at <= last; at = log.After(at))
        {
            _cursor.Acknowledge(at);
        }
    }

    // Gives what is in the hand to consumers, as far as they have room.
    private void Place(long now)
    {
        var dispatcher = Dispatcher!;
        var tracks = dispatcher.TracksEntries;
        var delays = tracks && Options.DelaysDelivery;
        long placed = 0, messagesPlaced = 0, bytesPlaced = 0;
        dispatcher.BeginPass(_hand.Count - _handAt);
        for (; _handAt < _hand.Count && !IsOverLimit(); _handAt++)
        {
            var (position, data) = _hand[_handAt];
            if (_cursor.IsAcknowledged(position))
            {
                continue;
            }

            var isRead = MessageCodec.TryReadHeader(data, out var header);
            if (isRead && header.Marker > 0)
            {
                // What brokers write for each other is nobody's to acknowledge.
                _cursor.Acknowledge(position);
                Changed();
                continue;
            }

            var slot = isRead && dispatcher.UsesKeys ? KeyHash.SlotOf(header) : 0;
            if (delays && isRead && header.DeliverAt > now)
            {
                Delay(position, slot, header.DeliverAt, now);
                continue;
            }

            if (dispatcher.Choose(position, slot, out var waits) is not { } consumer)
            {
                if (waits)
                {
                    continue;
                }

                break;
            }

            var total = isRead ? Math.Max(1, header.Messages) : 1;
            var remaining = _cursor.Remaining(position);
            var messages = remaining is null ? total : BatchBits.Count(remaining);
            Hand(consumer, new DeliveredEntry(position, data, total, _redeliveries.Of(position), remaining), messages, now);
            if (tracks)
            {
                Track(consumer, position, new PendingEntry(messages, slot));
                dispatcher.Delivered(consumer, slot);
            }
            else
            {
                _delivered = position;
            }

            placed++;
            messagesPlaced += messages;
            bytesPlaced += data.Length;
        }

        if (_handAt >= _hand.Count)
        {
            _hand.Clear();
            _handAt = 0;
        }

        if (placed > 0)
        {
            _messagesPerEntry = (_messagesPerEntry * 0.8) + ((double)messagesPlaced / placed * 0.2);
            _limiter.Take(messagesPlaced, bytesPlaced);
            Context.TopicLimiter?.Take(messagesPlaced, bytesPlaced);
        }
    }

    private void Track(Consumer consumer, Position position, PendingEntry entry)
    {
        consumer.Pending[position] = entry;
        consumer.Unacknowledged += entry.Messages;
        _unacknowledged += entry.Messages;
        consumer.IsBlocked |= Options.MaxUnackedPerConsumer > 0 && consumer.Unacknowledged >= Options.MaxUnackedPerConsumer;
    }

    private bool IsOverLimit()
    {
        var most = Options.MaxUnackedPerSubscription;
        _isBlocked = most > 0 && Dispatcher!.TracksEntries && (_isBlocked ? _unacknowledged > most / 2 : _unacknowledged >= most);
        return _isBlocked;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The subscription {Subscription} cannot read its topic at {Position}; that is tried again")]
    private static partial void LogUnreadable(ILogger logger, string subscription, Position position, Exception exception);
}
