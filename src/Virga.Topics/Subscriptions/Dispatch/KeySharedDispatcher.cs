using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// Key_shared: each key has one consumer, and its messages stay in order. Keys are dealt out by slots of their hashes. A slot changes its consumer only when the one before has acknowledged or given
/// back all that it has of it. An entry whose consumer has no room waits with that consumer, and the others go on.
/// </summary>
internal sealed class KeySharedDispatcher(KeySharing sharing) : Dispatcher
{
    private readonly IKeySelector _selector = sharing.Ranges.Count > 0 ? new StickyRanges() : new AutoSplitRanges();
    private readonly Dictionary<int, KeySlot> _slots = [];
    private readonly HashSet<int> _parked = [];

    // Entries of slots that nobody takes; only where consumers ask for their ranges.
    private readonly PriorityQueue<int, Position> _homeless = new();
    private readonly Dictionary<long, Consumer> _consumers = [];

    // Consumers that may have room and entries that wait for them.
    private readonly Queue<Consumer> _ready = new();
    private readonly bool _isOrdered = !sharing.AllowOutOfOrder;
    private int _returned;
    private int _withRoom;

    public override SubscriptionType Type => SubscriptionType.KeyShared;

    public override bool UsesKeys => true;

    public override int Returned => _returned;

    public override bool HasRoom => _withRoom > 0;

    public override string? Refusal(ConsumerOptions options) =>
        options.KeySharing.AllowOutOfOrder != sharing.AllowOutOfOrder ? "Its consumers agree about whether a key may be out of order."
        : options.KeySharing.Ranges.Count > 0 != sharing.Ranges.Count > 0 ? "Either all of its consumers ask for ranges of keys, or none."
        : null;

    public override void Add(Consumer consumer)
    {
        var donor = _selector.Add(consumer);
        _consumers.Add(consumer.Id, consumer);
        Rehome(donor is null ? _homeless : donor.Waiting);
    }

    public override void Remove(Consumer consumer)
    {
        _selector.Remove(consumer);
        _consumers.Remove(consumer.Id);
        CountRoom(consumer);
        Rehome(consumer.Waiting);
    }

    public override void Ready(Consumer consumer)
    {
        CountRoom(consumer);
        if (consumer is { CanReceive: true, IsQueued: false, Waiting.Count: > 0 })
        {
            consumer.IsQueued = true;
            _ready.Enqueue(consumer);
        }
    }

    public override Consumer? Choose(Position position, int slot, out bool waits)
    {
        var consumer = _selector.Select(slot);
        waits = consumer is not { CanReceive: true }
            || (_isOrdered && _slots.TryGetValue(slot, out var state) && (state.IsBehindOthers(position) || (state.Pending > 0 && state.Owner != consumer)));
        if (!waits)
        {
            return consumer;
        }

        Return(position, slot);
        return null;
    }

    public override Consumer? ChooseNow(int slot) => _selector.Select(slot) is { CanReceive: true } consumer ? consumer : null;

    public override void Delivered(Consumer consumer, int slot)
    {
        CountRoom(consumer);
        if (_isOrdered)
        {
            var state = SlotOf(slot);
            state.Owner = consumer;
            state.Pending++;
        }
    }

    public override bool Settled(int slot)
    {
        if (!_isOrdered || !_slots.TryGetValue(slot, out var state))
        {
            return false;
        }

        if (--state.Pending > 0)
        {
            return false;
        }

        state.Owner = null;
        if (state.IsEmpty)
        {
            _slots.Remove(slot);
        }

        return Unpark(slot, state);
    }

    public override void Return(Position position, int slot)
    {
        _returned++;
        if (_isOrdered)
        {
            SlotOf(slot).Wait(position);
        }

        Keep(position, slot);
    }

    public override bool TakeReturned(List<ReturnedEntry> into, int most)
    {
        while (into.Count == 0 && _ready.TryDequeue(out var consumer))
        {
            consumer.IsQueued = false;
            if (consumer is not { CanReceive: true, Waiting: { Count: > 0 } waiting })
            {
                continue;
            }

            TakeRun(waiting, into, Math.Min(most, consumer.Permits));
            Ready(consumer);
        }

        foreach (var (position, slot) in into)
        {
            _returned--;
            if (_isOrdered && _slots.TryGetValue(slot, out var state))
            {
                state.Take(position);
                if (state.IsEmpty)
                {
                    _slots.Remove(slot);
                }
            }
        }

        return into.Count > 0;
    }

    public override void Clear()
    {
        foreach (var consumer in _consumers.Values)
        {
            consumer.Waiting?.Clear();
        }

        _homeless.Clear();
        _slots.Clear();
        _parked.Clear();
        _returned = 0;
    }

    public override IReadOnlyList<(int First, int Last)> RangesOf(Consumer consumer) => _selector.RangesOf(consumer);

    // Puts an entry that waits where it will be found.
    private void Keep(Position position, int slot)
    {
        var consumer = _selector.Select(slot);
        if (_isOrdered && _slots.TryGetValue(slot, out var state) && state.Pending > 0 && state.Owner != consumer)
        {
            (state.Parked ??= []).Add(position);
            _parked.Add(slot);
        }
        else if (consumer is null)
        {
            _homeless.Enqueue(slot, position);
        }
        else
        {
            (consumer.Waiting ??= new PriorityQueue<int, Position>()).Enqueue(slot, position);
            Ready(consumer);
        }
    }

    private bool Unpark(int slot, KeySlot state)
    {
        if (state.Parked is not { } parked)
        {
            return false;
        }

        state.Parked = null;
        _parked.Remove(slot);
        foreach (var position in parked)
        {
            Keep(position, slot);
        }

        return true;
    }

    // Slots have another consumer: the entries that wait go there.
    private void Rehome(PriorityQueue<int, Position>? queue)
    {
        if (queue is { Count: > 0 })
        {
            var moved = new List<(int Slot, Position Position)>(queue.UnorderedItems);
            queue.Clear();
            foreach (var (slot, position) in moved)
            {
                Keep(position, slot);
            }
        }

        foreach (var slot in _parked.Count > 0 ? [.. _parked] : Array.Empty<int>())
        {
            if (_slots.TryGetValue(slot, out var state) && state.Owner == _selector.Select(slot))
            {
                Unpark(slot, state);
            }
        }
    }

    private KeySlot SlotOf(int slot)
    {
        if (!_slots.TryGetValue(slot, out var state))
        {
            _slots.Add(slot, state = new KeySlot());
        }

        return state;
    }

    private void CountRoom(Consumer consumer)
    {
        if (consumer.IsCounted != consumer.CanReceive)
        {
            consumer.IsCounted = consumer.CanReceive;
            _withRoom += consumer.IsCounted ? 1 : -1;
        }
    }
}
