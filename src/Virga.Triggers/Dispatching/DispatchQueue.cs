using Virga.Core.Resources;

namespace Virga.Triggers.Dispatching;

/// <summary>
/// The messages that a trigger holds, and which of them the function may be called with next. Messages of one lane go one call after the other and in their order, also when some fail; others as they
/// come. Pure: times are handed in. Belongs to one loop.
/// </summary>
/// <param name="batch">How many messages a call gets.</param>
/// <param name="waitTicks">How long the first message of a call waits for others, in ticks of the clock.</param>
internal sealed class DispatchQueue(TriggerBatch batch, long waitTicks)
{
    private readonly Dictionary<object, MessageLane> _lanes = [];
    private readonly Queue<MessageLane> _readyLanes = new();
    private readonly Queue<HeldMessage> _ready = new();
    private readonly PriorityQueue<MessageLane, long> _laterLanes = new();
    private readonly PriorityQueue<HeldMessage, long> _later = new();

    // Of those that may be handled now: what a call that waits for others to fill it is measured by.
    private int _readyCount;
    private long _readyBytes;
    private long? _gatheringSince;

    // Lanes and messages without one take turns, so that neither waits for ever.
    private bool _lanesFirst;

    /// <summary>Messages held, those with the function included.</summary>
    public int Held { get; private set; }

    /// <summary>Bytes of their payloads.</summary>
    public long HeldBytes { get; private set; }

    /// <summary>Messages that wait for the time to be tried again.</summary>
    public int Delayed => _later.Count + _laterLanes.Count;

    /// <summary>Messages that may be handled now.</summary>
    public int Ready => _readyCount;

    /// <summary>Takes a message that has come.</summary>
    public void Add(HeldMessage message)
    {
        Held++;
        HeldBytes += message.Size;
        if (message.Lane is null)
        {
            _ready.Enqueue(message);
            Count(1, message.Size);
            return;
        }

        if (!_lanes.TryGetValue(message.Lane, out var lane))
        {
            lane = _lanes[message.Lane] = new MessageLane(message.Lane);
            _readyLanes.Enqueue(lane);
        }

        lane.AddLast(message);
        if (lane.State == LaneState.Ready)
        {
            Count(1, message.Size);
        }
    }

    /// <summary>The messages of the next call; null when there is none now.</summary>
    /// <param name="now">The time.</param>
    public List<HeldMessage>? Take(long now)
    {
        Wake(now);
        if (_readyCount == 0)
        {
            _gatheringSince = null;
            return null;
        }

        if (waitTicks > 0 && _readyCount < batch.MaxMessages && _readyBytes < batch.MaxBytes.Bytes)
        {
            _gatheringSince ??= now;
            if (now - _gatheringSince < waitTicks)
            {
                return null;
            }
        }

        _gatheringSince = null;
        return Gather();
    }

    /// <summary>When <see cref="Take"/> may give something although nothing has come meanwhile; null for never.</summary>
    public long? NextAt()
    {
        var next = _gatheringSince + waitTicks;
        if (_later.TryPeek(out _, out var due) && (next is null || due < next))
        {
            next = due;
        }

        return _laterLanes.TryPeek(out _, out due) && (next is null || due < next) ? due : next;
    }

    /// <summary>A call has ended.</summary>
    /// <param name="taken">What it was about.</param>
    /// <param name="again">For each message, whether it comes again, at its <see cref="HeldMessage.DueAt"/>. Where one of a lane comes again, those behind it in this call do too.</param>
    /// <param name="done">Takes what is dealt with.</param>
    public void Return(List<HeldMessage> taken, bool[] again, List<HeldMessage> done)
    {
        for (var i = 0; i < taken.Count; i++)
        {
            var lane = LaneOf(taken[i]);
            if (again[i] || lane is { HasFailed: true })
            {
                again[i] = true;
                lane?.HasFailed = true;
            }
            else
            {
                Forget(1, taken[i].Size);
                done.Add(taken[i]);
            }
        }

        // From the last to the first, so that those of a lane stand before its others in their order.
        for (var i = taken.Count - 1; i >= 0; i--)
        {
            if (!again[i])
            {
                continue;
            }

            if (LaneOf(taken[i]) is { } lane)
            {
                lane.AddFirst(taken[i]);
            }
            else
            {
                _later.Enqueue(taken[i], taken[i].DueAt);
            }
        }

        for (var i = 0; i < taken.Count; i++)
        {
            if (LaneOf(taken[i]) is { State: LaneState.Busy } lane)
            {
                Release(lane);
            }
        }
    }

    /// <summary>Drops what waits and is not wanted any more; what is with the function stays.</summary>
    public void Drop(Predicate<HeldMessage> unwanted)
    {
        for (var left = _ready.Count; left > 0; left--)
        {
            var message = _ready.Dequeue();
            if (unwanted(message))
            {
                Count(-1, -message.Size);
                Forget(1, message.Size);
            }
            else
            {
                _ready.Enqueue(message);
            }
        }

        var later = new List<HeldMessage>(_later.Count);
        while (_later.TryDequeue(out var message, out _))
        {
            later.Add(message);
        }

        foreach (var message in later)
        {
            if (unwanted(message))
            {
                Forget(1, message.Size);
            }
            else
            {
                _later.Enqueue(message, message.DueAt);
            }
        }

        foreach (var lane in _lanes.Values)
        {
            var (count, bytes) = lane.Drop(unwanted);
            Forget(count, bytes);
            if (lane.State == LaneState.Ready)
            {
                Count(-count, -bytes);
            }
        }
    }

    private List<HeldMessage> Gather()
    {
        var taken = new List<HeldMessage>(Math.Min(batch.MaxMessages, _readyCount));
        var bytes = 0L;
        _lanesFirst = !_lanesFirst;
        if (_lanesFirst)
        {
            FromLanes(taken, ref bytes);
            FromFree(taken, ref bytes);
        }
        else
        {
            FromFree(taken, ref bytes);
            FromLanes(taken, ref bytes);
        }

        return taken;
    }

    private void FromFree(List<HeldMessage> taken, ref long bytes)
    {
        while (_ready.TryPeek(out var message) && Fits(taken, bytes, message))
        {
            _ready.Dequeue();
            Count(-1, -message.Size);
            taken.Add(message);
            bytes += message.Size;
        }
    }

    private void FromLanes(List<HeldMessage> taken, ref long bytes)
    {
        while (_readyLanes.TryPeek(out var lane))
        {
            if (lane.Waiting.First is not { } first)
            {
                // All of it was dropped.
                _readyLanes.Dequeue();
                _lanes.Remove(lane.Key);
                continue;
            }

            if (!Fits(taken, bytes, first.Value))
            {
                return;
            }

            _readyLanes.Dequeue();
            Count(-lane.Waiting.Count, -lane.Bytes);
            lane.State = LaneState.Busy;
            do
            {
                var message = lane.TakeFirst();
                taken.Add(message);
                bytes += message.Size;
            }
            while (lane.Waiting.First is { } next && Fits(taken, bytes, next.Value));
        }
    }

    private bool Fits(List<HeldMessage> taken, long bytes, HeldMessage message) =>
        taken.Count == 0 || (taken.Count < batch.MaxMessages && bytes + message.Size <= batch.MaxBytes.Bytes && !message.IsAlone && !taken[0].IsAlone);

    private void Wake(long now)
    {
        while (_later.TryPeek(out var message, out var due) && due <= now)
        {
            _later.Dequeue();
            _ready.Enqueue(message);
            Count(1, message.Size);
        }

        while (_laterLanes.TryPeek(out var lane, out var due) && due <= now)
        {
            _laterLanes.Dequeue();
            MakeReady(lane);
        }
    }

    private void Release(MessageLane lane)
    {
        lane.HasFailed = false;
        if (lane.Waiting.First is not { } first)
        {
            _lanes.Remove(lane.Key);
        }
        else if (first.Value.DueAt > 0)
        {
            lane.State = LaneState.Delayed;
            _laterLanes.Enqueue(lane, first.Value.DueAt);
        }
        else
        {
            MakeReady(lane);
        }
    }

    private void MakeReady(MessageLane lane)
    {
        if (lane.Waiting.First is not { } first)
        {
            _lanes.Remove(lane.Key);
            return;
        }

        // Others of the lane that came back with it have waited as long.
        first.Value.DueAt = 0;
        lane.State = LaneState.Ready;
        _readyLanes.Enqueue(lane);
        Count(lane.Waiting.Count, lane.Bytes);
    }

    private MessageLane? LaneOf(HeldMessage message) => message.Lane is { } key ? _lanes.GetValueOrDefault(key) : null;

    private void Count(int messages, long bytes)
    {
        _readyCount += messages;
        _readyBytes += bytes;
    }

    private void Forget(int messages, long bytes)
    {
        Held -= messages;
        HeldBytes -= bytes;
    }
}
