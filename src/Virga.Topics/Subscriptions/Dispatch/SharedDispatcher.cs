using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// Shared: whoever has room, in turn, those with a better priority first. What is delivered again goes before what is new.
/// </summary>
internal sealed class SharedDispatcher : Dispatcher
{
    // As many entries go to one consumer before the next one's turn, when there are enough for all: fewer and larger deliveries.
    private const int MaxTurn = 20;

    // Those with room of each priority, in turn. Who has no room any more is taken out when its turn comes: nothing is searched.
    private readonly SortedList<int, Queue<Consumer>> _ready = [];
    private readonly PriorityQueue<int, Position> _returned = new();
    private Consumer? _current;
    private int _left;
    private int _turn = 1;
    private int _consumers;

    public override SubscriptionType Type => SubscriptionType.Shared;

    public override int Returned => _returned.Count;

    public override bool HasRoom => FirstReady() is not null;

    public override void Add(Consumer consumer)
    {
        _consumers++;
        Ready(consumer);
    }

    public override void Remove(Consumer consumer)
    {
        _consumers--;
        if (_current == consumer)
        {
            _current = null;
        }

        // Where nothing is delivered, nobody's turn comes: those who have gone are not to pile up.
        if (consumer.IsQueued && _ready.TryGetValue(consumer.Options.Priority, out var queue) && queue.Count > 16 + (2 * _consumers))
        {
            for (var i = queue.Count; i > 0; i--)
            {
                var next = queue.Dequeue();
                next.IsQueued = next.CanReceive;
                if (next.IsQueued)
                {
                    queue.Enqueue(next);
                }
            }
        }
    }

    public override void Ready(Consumer consumer)
    {
        if (consumer.IsQueued || !consumer.CanReceive)
        {
            return;
        }

        if (!_ready.TryGetValue(consumer.Options.Priority, out var queue))
        {
            _ready.Add(consumer.Options.Priority, queue = new Queue<Consumer>());
        }

        queue.Enqueue(consumer);
        consumer.IsQueued = true;

        // It may go before the one whose turn it is.
        if (_current is not null && consumer.Options.Priority < _current.Options.Priority)
        {
            _current = null;
        }
    }

    public override void BeginPass(int entries)
    {
        _turn = FirstReady() is { } queue ? Math.Clamp(entries / queue.Count, 1, MaxTurn) : 1;
        _left = 0;
    }

    public override Consumer? Choose(Position position, int slot, out bool waits)
    {
        waits = false;
        if (_left > 0 && _current is { CanReceive: true } current)
        {
            _left--;
            return current;
        }

        if (FirstReady() is not { } queue)
        {
            return null;
        }

        _current = queue.Dequeue();
        queue.Enqueue(_current);
        _left = _turn - 1;
        return _current;
    }

    public override void Return(Position position, int slot) => _returned.Enqueue(slot, position);

    public override bool TakeReturned(List<ReturnedEntry> into, int most)
    {
        TakeRun(_returned, into, most);
        return into.Count > 0;
    }

    public override void Clear() => _returned.Clear();

    // The queue of the best priority whose first consumer has room.
    private Queue<Consumer>? FirstReady()
    {
        for (var i = 0; i < _ready.Count; i++)
        {
            var queue = _ready.Values[i];
            while (queue.TryPeek(out var first))
            {
                if (first.CanReceive)
                {
                    return queue;
                }

                queue.Dequeue();
                first.IsQueued = false;
            }
        }

        return null;
    }
}
