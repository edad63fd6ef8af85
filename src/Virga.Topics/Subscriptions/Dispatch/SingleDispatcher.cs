using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// Exclusive and failover: one consumer gets everything. For failover that is the first by priority, then by name; of a partitioned topic's partitions each takes another one of the consumers
/// with the best priority, so that they share the work, as Pulsar's brokers do.
/// </summary>
internal sealed class SingleDispatcher(SubscriptionType type, int partition) : Dispatcher
{
    // In the order in which they would be active.
    private readonly List<Consumer> _order = [];
    private Consumer? _active;

    public override SubscriptionType Type => type;

    public override bool TracksEntries => false;

    public override Consumer? Active => _active;

    public override bool HasRoom => _active is { CanReceive: true };

    public override void Add(Consumer consumer)
    {
        if (type == SubscriptionType.Exclusive && _order.Count > 0)
        {
            throw new ProblemException(KnownProblems.ConsumerBusy($"The exclusive subscription '{consumer.Subscription}' has a consumer already: '{_order[0].Name}'."));
        }

        var index = _order.BinarySearch(consumer, ByPriority.Instance);
        _order.Insert(index < 0 ? ~index : index, consumer);
        Elect();
    }

    public override void Remove(Consumer consumer)
    {
        _order.Remove(consumer);
        Elect();
    }

    public override Consumer? Choose(Position position, int slot, out bool waits)
    {
        waits = false;
        return _active is { CanReceive: true } ? _active : null;
    }

    private void Elect()
    {
        var best = 0;
        while (best < _order.Count && _order[best].Options.Priority == _order[0].Options.Priority)
        {
            best++;
        }

        _active = best == 0 ? null : _order[partition >= 0 ? partition % best : 0];
    }

    private sealed class ByPriority : IComparer<Consumer>
    {
        public static ByPriority Instance { get; } = new();

        public int Compare(Consumer? x, Consumer? y)
        {
            var order = x!.Options.Priority.CompareTo(y!.Options.Priority);
            order = order != 0 ? order : string.CompareOrdinal(x.Name, y.Name);
            return order != 0 ? order : x.Id.CompareTo(y.Id);
        }
    }
}
