using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Cursors;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <content>What consumers acknowledge and give back.</content>
public sealed partial class CursorSubscription
{
    internal override string Note
    {
        get
        {
            lock (Gate)
            {
                return _note;
            }
        }
    }

    internal override void Acknowledge(Consumer consumer, ReadOnlySpan<BatchAck> acks, string? note)
    {
        var isNews = false;
        lock (Gate)
        {
            // What comes late from a consumer that was closed, as by a seek, says nothing about what is delivered since.
            if (IsClosed || consumer.IsDetached)
            {
                return;
            }

            var before = _cursor.Changes;
            var last = Context.Log.Last;
            foreach (var (position, unacknowledged) in acks)
            {
                // What was never published cannot be acknowledged.
                if (position > last || position.Entry < 0)
                {
                    continue;
                }

                isNews |= unacknowledged is null ? AcknowledgeWhole(consumer, position) : AcknowledgePart(consumer, position, unacknowledged);
            }

            if (note is not null && note != _note)
            {
                _note = note;
                _cursor.Touch();
            }

            consumer.Acknowledged += acks.Length;
            isNews |= Acknowledged(consumer, before);
        }

        if (isNews)
        {
            Wake();
        }
    }

    internal override void AcknowledgeUpTo(Consumer consumer, BatchAck last)
    {
        lock (Gate)
        {
            // What comes late from a consumer that was closed, as by a seek, says nothing about what is delivered since.
            if (IsClosed || consumer.IsDetached)
            {
                return;
            }

            if (Dispatcher!.TracksEntries)
            {
                throw new ProblemException(KnownProblems.InvalidRequest($"The subscription '{Name}' is shared: what lies before a message may be with other consumers, and cannot be acknowledged with it.", "Acknowledge messages one by one."));
            }

            if (last.Position > Context.Log.Last)
            {
                return;
            }

            var before = _cursor.Changes;
            var through = last.Unacknowledged is null ? last.Position : Context.Log.Before(last.Position);
            AcknowledgeThrough(through);
            if (last.Unacknowledged is { } unacknowledged && last.Position > _cursor.MarkDeleted)
            {
                AcknowledgePart(consumer, last.Position, unacknowledged);
            }

            consumer.Acknowledged++;
            if (Acknowledged(consumer, before))
            {
                Wake();
            }
        }
    }

    internal override void Redeliver(Consumer consumer, ReadOnlySpan<Position> positions)
    {
        lock (Gate)
        {
            if (IsClosed || consumer.IsDetached)
            {
                return;
            }

            if (!Dispatcher!.TracksEntries)
            {
                // Single messages cannot come again without breaking the order: all that is not acknowledged does.
                GoBack(consumer);
            }
            else
            {
                foreach (var position in positions)
                {
                    if (consumer.Pending.Remove(position, out var entry))
                    {
                        GiveBack(consumer, position, entry, isCounted: true);
                    }
                }
            }
        }

        Wake();
    }

    internal override void RedeliverAll(Consumer consumer)
    {
        lock (Gate)
        {
            if (IsClosed || consumer.IsDetached)
            {
                return;
            }

            if (Dispatcher!.TracksEntries)
            {
                GiveBackAll(consumer);
            }
            else
            {
                GoBack(consumer);
            }
        }

        Wake();
    }

    private protected override void Detached(Consumer consumer)
    {
        _gone = (_gone.Messages + consumer.Messages, _gone.Bytes + consumer.Bytes, _gone.Redelivered + consumer.Redelivered, Math.Max(_gone.DeliveredAt, consumer.DeliveredAt));
        if (Dispatcher!.TracksEntries)
        {
            GiveBackAll(consumer);
        }

        if (Consumers.Count == 0)
        {
            // Nobody has anything: the next one begins with the first that is not acknowledged, however it shares.
            StartReading();
        }
    }

    private protected override void Withdrawn(Consumer consumer, Position position)
    {
        if (consumer.Pending.Remove(position, out var entry))
        {
            GiveBack(consumer, position, entry, isCounted: false);
        }
        else if (position <= _delivered && !Dispatcher!.TracksEntries)
        {
            _delivered = Context.Log.Before(position);
        }
    }

    private protected override void Rewind() => StartReading();

    // Whether it can be that more is to be delivered now.
    private bool AcknowledgeWhole(Consumer consumer, Position position) => _cursor.Acknowledge(position) && SettleWith(consumer, position);

    private bool AcknowledgePart(Consumer consumer, Position position, long[] unacknowledged)
    {
        if (unacknowledged.Length > BatchBits.MaxWords)
        {
            return false;
        }

        if (_cursor.Acknowledge(position, unacknowledged))
        {
            return SettleWith(consumer, position);
        }

        if (!Dispatcher!.TracksEntries || _cursor.Remaining(position) is not { } remaining || OwnerOf(consumer, position) is not { } owner)
        {
            return false;
        }

        var entry = owner.Pending[position];
        var left = Math.Min(entry.Messages, BatchBits.Count(remaining));
        owner.Pending[position] = entry with { Messages = left };
        return Unburden(owner, entry.Messages - left);
    }

    private void AcknowledgeThrough(Position position)
    {
        // A place that is not in the log, such as one behind a ledger's end, stands for the last entry before it.
        var last = Context.Log.Before(Context.Log.After(position));
        if (!_cursor.AcknowledgeThrough(last < position ? last : position))
        {
            return;
        }

        var mark = _cursor.MarkDeleted;
        _redeliveries.RemoveThrough(mark);
        if (_read <= mark)
        {
            _read = Source.After(mark);
        }

        if (Dispatcher is { TracksEntries: true })
        {
            foreach (var consumer in Consumers)
            {
                SettleThrough(consumer, mark);
            }
        }
    }

    private void SettleThrough(Consumer consumer, Position mark)
    {
        foreach (var (position, entry) in consumer.Pending)
        {
            if (position <= mark)
            {
                // Removing while enumerating is allowed for this collection.
                consumer.Pending.Remove(position);
                Unburden(consumer, entry.Messages);
                Dispatcher!.Settled(entry.Slot);
            }
        }
    }

    // An entry that is nowhere any more.
    private void Settle(Position position)
    {
        if (_cursor.Acknowledge(position))
        {
            _redeliveries.Remove(position);
            Changed();
        }
    }

    private bool SettleWith(Consumer consumer, Position position)
    {
        _redeliveries.Remove(position);
        if (!Dispatcher!.TracksEntries || OwnerOf(consumer, position) is not { } owner)
        {
            return false;
        }

        owner.Pending.Remove(position, out var entry);
        return Unburden(owner, entry.Messages) | Dispatcher.Settled(entry.Slot);
    }

    // Who has an entry: mostly who acknowledges it; another one after a client has come again.
    private Consumer? OwnerOf(Consumer consumer, Position position)
    {
        if (consumer.Pending.ContainsKey(position))
        {
            return consumer;
        }

        foreach (var other in Consumers)
        {
            if (other.Pending.ContainsKey(position))
            {
                return other;
            }
        }

        return null;
    }

    // Whether somebody who could not be given anything can be now.
    private bool Unburden(Consumer consumer, int messages)
    {
        consumer.Unacknowledged -= messages;
        _unacknowledged -= messages;
        var wasBlocked = _isBlocked;
        var isNews = wasBlocked && !IsOverLimit();
        if (consumer.IsBlocked && consumer.Unacknowledged <= Options.MaxUnackedPerConsumer / 2)
        {
            consumer.IsBlocked = false;
            Dispatcher!.Ready(consumer);
            isNews = true;
        }

        return isNews;
    }

    private void GiveBackAll(Consumer consumer)
    {
        TakeBack(consumer);
        foreach (var (position, entry) in consumer.Pending)
        {
            // Removing while enumerating is allowed for this collection.
            consumer.Pending.Remove(position);
            GiveBack(consumer, position, entry, isCounted: true);
        }
    }

    private void GiveBack(Consumer consumer, Position position, PendingEntry entry, bool isCounted)
    {
        Unburden(consumer, entry.Messages);
        Dispatcher!.Settled(entry.Slot);
        Dispatcher.Return(position, entry.Slot);
        if (isCounted)
        {
            _redeliveries.Add(position);
        }
    }

    // Where one consumer gets everything: all that it has not acknowledged comes again.
    private void GoBack(Consumer consumer)
    {
        if (Dispatcher!.Active == consumer)
        {
            StartReading();
        }
    }

    // Reads from the first entry that is not acknowledged; nothing is with anybody.
    private void StartReading()
    {
        if (Dispatcher is { TracksEntries: false, Active: { } active })
        {
            TakeBack(active);
        }

        if (_delivered > _cursor.MarkDeleted)
        {
            _redeliveries.AddThrough(_delivered);
        }

        _delivered = _cursor.MarkDeleted;
        _read = Source.After(_cursor.MarkDeleted);
        _readEpoch++;
        _hand.Clear();
        _handAt = 0;
        _taken.Clear();
        _isFetchWanted = false;
        _delays.Clear();
        _unacknowledged = 0;
        _isBlocked = false;
        Dispatcher?.Clear();
    }

    // What follows a change of the cursor, with what it counted before.
    private bool Acknowledged(Consumer consumer, long before)
    {
        consumer.AcknowledgedAt = _acknowledgedAt = Context.Time.GetUtcNow().ToUnixTimeMilliseconds();
        if (_cursor.Changes == before)
        {
            return false;
        }

        Changed();
        return _isTerminated;
    }

    private void Changed() => _keeper?.Changed();
}
