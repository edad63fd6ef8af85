using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Consuming;

/// <summary>The entries of one topic or partition that are in a consumer's hands, and what is to be told to the broker about them. Safe for many threads; calls nobody.</summary>
internal sealed class HandedOut(TopicConsumerOptions options, Func<TimeSpan, long> after)
{
    /// <summary>Whether one consumer gets everything, in order.</summary>
    public bool CountsItself { get; } = options.Consumer.Type is SubscriptionType.Exclusive or SubscriptionType.Failover;

    // Guards all below.
    private readonly Lock _gate = new();
    private readonly Dictionary<Position, EntryState> _entries = [];
    private readonly List<EntryState> _dirty = [];

    // Entries that have come and are not yet taken out of the queue, perhaps for the second time: what is acknowledged of them meanwhile is remembered until then.
    private readonly HashSet<Position> _queued = [];

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count == 0;
            }
        }
    }

    /// <summary>An entry has come and waits in the queue.</summary>
    public void Enqueue(Position position)
    {
        lock (_gate)
        {
            _queued.Add(position);
        }
    }

    /// <summary>An entry is taken out of the queue, perhaps not for the first time: what was acknowledged of it meanwhile stays so.</summary>
    public EntryState Add(in DeliveredEntry entry, bool isBatch, IReadOnlyList<Position> chunks, int attachment)
    {
        lock (_gate)
        {
            _queued.Remove(entry.Position);
            _entries.TryGetValue(entry.Position, out var before);
            var state = new EntryState(entry, isBatch, attachment, before, CountsItself)
            {
                Chunks = chunks,
                TimesOutAt = options.AckTimeout is { } timeout ? after(timeout) : 0,
            };
            if (before?.IsDirty == true)
            {
                _dirty.Remove(before);
                _dirty.Add(state);
                state.IsDirty = true;
            }

            if (state.IsAcknowledged)
            {
                _entries.Remove(entry.Position);
            }
            else
            {
                _entries[entry.Position] = state;
            }

            return state;
        }
    }

    /// <summary>A message is acknowledged.</summary>
    public Settlement Acknowledge(MessageId id)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(id.Position, out var state))
            {
                // Of a batch that is not known any more, one message alone cannot be acknowledged; it comes again.
                return id.BatchIndex >= 0 ? default : new Settlement { Acks = [new BatchAck(id.Position)] };
            }

            if (!state.Acknowledge(id.BatchIndex))
            {
                return default;
            }

            if (state.IsAcknowledged)
            {
                Settled(state);
                return new Settlement { Acks = [new BatchAck(state.Position), .. state.Chunks.Select(static chunk => new BatchAck(chunk))] };
            }

            if (!state.IsDirty)
            {
                state.IsDirty = true;
                _dirty.Add(state);
            }

            return new Settlement { IsDirty = true, RedeliverAt = state.IsSettled ? state.RedeliverAt : 0 };
        }
    }

    /// <summary>A message and all before it are acknowledged.</summary>
    public BatchAck AcknowledgeUpTo(MessageId id)
    {
        lock (_gate)
        {
            var ack = new BatchAck(id.Position);
            if (id.BatchIndex >= 0 && _entries.TryGetValue(id.Position, out var last))
            {
                ack = EntryState.UpTo(id.Position, id.BatchIndex, last.Messages);
                for (var i = 0; i <= id.BatchIndex; i++)
                {
                    last.Acknowledge(i);
                }
            }

            // Removing does not disturb the enumeration of a dictionary.
            foreach (var (position, state) in _entries)
            {
                if (position < id.Position || (position == id.Position && (ack.Unacknowledged is null || state.IsAcknowledged)))
                {
                    state.Acknowledge(-1);
                    Settled(state);
                }
            }

            return ack;
        }
    }

    /// <summary>A message is rejected: it is delivered again when the rest of its entry is settled too, or is a dead letter, which its user publishes and then acknowledges.</summary>
    public Settlement Reject(MessageId id)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(id.Position, out var state) || !state.IsUnsettled(id.BatchIndex))
            {
                return default;
            }

            if (IsLast(state) && state.Kept?.Find(message => message.Id.BatchIndex == id.BatchIndex) is { } dead)
            {
                state.Kept.Remove(dead);
                return new Settlement { Dead = [dead] };
            }

            return Postpone(state, id.BatchIndex);
        }
    }

    /// <summary>A message could not be made a dead letter: it is delivered again.</summary>
    public Settlement Postpone(MessageId id)
    {
        lock (_gate)
        {
            return _entries.TryGetValue(id.Position, out var state) && state.IsUnsettled(id.BatchIndex) ? Postpone(state, id.BatchIndex) : default;
        }
    }

    /// <summary>A time has come for which an entry was asked: its redelivery, or the end of its user's time.</summary>
    public Settlement Due(Position position, long at)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(position, out var state))
            {
                return default;
            }

            var isTimeout = state.TimesOutAt == at && !state.IsSettled;
            if (!isTimeout && (!state.IsSettled || state.RedeliverAt != at))
            {
                return default;
            }

            if (isTimeout && IsLast(state) && state.Kept is { } kept)
            {
                state.Kept = null;
                return new Settlement { Dead = [.. kept.Where(message => state.IsUnsettled(message.Id.BatchIndex))] };
            }

            if (isTimeout)
            {
                state.SettleAll(isTimeout: true);
            }

            BatchAck[]? partly = null;
            if (state.IsDirty)
            {
                partly = [state.ToAck()];
                state.IsDirty = false;
                _dirty.Remove(state);
            }

            return new Settlement { Acks = partly, Redeliver = [.. state.Chunks, position] };
        }
    }

    /// <summary>What of batches has been acknowledged in part since the last time.</summary>
    public BatchAck[] TakeDirty()
    {
        lock (_gate)
        {
            var acks = new BatchAck[_dirty.Count];
            for (var i = 0; i < acks.Length; i++)
            {
                acks[i] = _dirty[i].ToAck();
                _dirty[i].IsDirty = false;
            }

            _dirty.Clear();
            return acks;
        }
    }

    /// <summary>A message that was taken out of the queue did not get to the user.</summary>
    public void Return(MessageId id)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(id.Position, out var state))
            {
                state.Settle(id.BatchIndex);
            }
        }
    }

    /// <summary>The user wants everything again.</summary>
    public void ReturnAll()
    {
        lock (_gate)
        {
            foreach (var state in _entries.Values)
            {
                state.SettleAll(isTimeout: false);
            }
        }
    }

    /// <summary>An attachment was lost. What came over it may still be acknowledged; what came over an earlier one nobody asks for any more.</summary>
    public void Lost(int attachment)
    {
        lock (_gate)
        {
            foreach (var (_, state) in _entries)
            {
                if (state.Attachment < attachment)
                {
                    Forget(state);
                }
            }

            // What waits in the queue is dropped there, and comes again.
            _queued.Clear();
        }
    }

    /// <summary>Forgets all of it: the subscription was moved elsewhere.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
            _dirty.Clear();
            _queued.Clear();
        }
    }

    private bool IsLast(EntryState state) => options.DeadLetters is { } policy && state.Rejections >= policy.MaxRedeliveries;

    private Settlement Postpone(EntryState state, int index)
    {
        state.RedeliverAt = Math.Max(state.RedeliverAt, after(options.Rejected.After(state.Rejections)));
        return state.Settle(index) && state.IsSettled ? new Settlement { RedeliverAt = state.RedeliverAt } : default;
    }

    private void Settled(EntryState state)
    {
        if (!_queued.Contains(state.Position))
        {
            Forget(state);
        }
        else if (state.IsDirty)
        {
            state.IsDirty = false;
            _dirty.Remove(state);
        }
    }

    private void Forget(EntryState state)
    {
        _entries.Remove(state.Position);
        if (state.IsDirty)
        {
            state.IsDirty = false;
            _dirty.Remove(state);
        }
    }
}
