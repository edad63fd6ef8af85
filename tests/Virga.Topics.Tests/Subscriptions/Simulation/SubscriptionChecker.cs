using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>
/// Holds what a subscription does against what it promises: nothing is lost, nothing that is durably acknowledged comes again, order within the guarantee, permits and limits. It keeps its own account
/// of every message.
/// </summary>
internal sealed class SubscriptionChecker(SimulatedWorld world, SubscriptionPlan plan)
{
    // An entry that is on its way to a consumer while somebody else acknowledges it may still arrive.
    private static readonly long OnTheWay = TimeSpan.FromMilliseconds(10).Ticks;

    private readonly List<TrackedEntry> _entries = [];
    private readonly Dictionary<Position, int> _index = [];
    private int _firstOpen;

    public List<string> Anomalies { get; } = [];

    public long Deliveries { get; private set; }

    public IReadOnlyList<TrackedEntry> Entries => _entries;

    public SimulatedClient? Active { get; set; }

    /// <summary>The subscription is being sought in.</summary>
    public bool IsBetween { get; set; }

    public void Report(string anomaly) => Anomalies.Add($"{TimeSpan.FromTicks(world.Now).TotalMilliseconds:0.###} ms: {anomaly}");

    public TrackedEntry Of(Position position) => _entries[_index[position]];

    public void Published(TrackedEntry entry)
    {
        _index.Add(entry.Position, _entries.Count);
        _entries.Add(entry);
    }

    /// <summary>A consumer is given an entry.</summary>
    public void Delivered(SimulatedClient client, in DeliveredEntry delivered, long now)
    {
        Deliveries++;
        if (IsBetween)
        {
            return;
        }

        world.Trace("delivered", (ulong)client.Number, (ulong)delivered.Position.Entry);
        if (!_index.TryGetValue(delivered.Position, out var index))
        {
            Report($"content: {client} is given {delivered.Position}, which was never published.");
            return;
        }

        var entry = _entries[index];
        if (entry.IsMarker || delivered.Messages != entry.Messages)
        {
            Report($"content: {client} is given {entry.Position} with {delivered.Messages} messages.");
        }

        CheckAcknowledged(client, entry, delivered);
        if (plan.IsSingle)
        {
            CheckOrder(client, index);
        }
        else
        {
            CheckTracked(client, entry, index, now);
        }

        client.Last = delivered.Position;
        entry.Holder = client;
    }

    /// <summary>A client acknowledges messages of an entry.</summary>
    public void Acknowledged(TrackedEntry entry, ulong remaining)
    {
        if (entry.Remaining == 0)
        {
            return;
        }

        entry.Remaining &= remaining;
        if (entry.Remaining == 0)
        {
            entry.AcknowledgedAt = world.Now;
            entry.Holder = null;
        }
    }

    /// <summary>Everything up to a position counts as acknowledged.</summary>
    public void AcknowledgedThrough(Position position)
    {
        for (var i = FirstOpen(); i < _entries.Count && _entries[i].Position <= position; i++)
        {
            Acknowledged(_entries[i], 0);
        }
    }

    /// <summary>What is acknowledged now is promised to be durable.</summary>
    public ulong[] Promise() => [.. _entries.Select(static entry => entry.Remaining)];

    public void Kept(ulong[] promise)
    {
        for (var i = 0; i < promise.Length; i++)
        {
            _entries[i].RemainingAfterCrash &= promise[i];
        }
    }

    /// <summary>The subscription begins anew.</summary>
    public void Sought(Func<TrackedEntry, ulong> remaining, bool isDurable)
    {
        foreach (var entry in _entries)
        {
            entry.Remaining = remaining(entry);
            entry.RemainingAfterCrash = isDurable ? entry.Remaining : TrackedEntry.All(entry.Messages);
            entry.AcknowledgedAt = 0;
            entry.Holder = null;
        }

        _firstOpen = 0;
    }

    /// <summary>The broker has crashed and reads what was stored.</summary>
    /// <param name="record">What is stored.</param>
    /// <param name="isSought">Whether a seek was under way: then either may be stored.</param>
    public void Recovered(CursorRecord record, bool isSought)
    {
        var set = new EntrySet();
        record.Pages.ForEach(set.Append);
        foreach (var entry in _entries)
        {
            var stored = entry.RemainingIn(record, set);
            if (!isSought && (stored & ~entry.RemainingAfterCrash) != 0 && !entry.IsMarker && !entry.IsTrimmed)
            {
                Report($"durable: {entry.Position} was durably acknowledged and is not after the crash.");
            }

            if (!isSought && (entry.Remaining & ~stored) != 0 && !entry.IsMarker && !entry.IsTrimmed)
            {
                Report($"lost: {entry.Position} was not acknowledged and is after the crash.");
            }

            entry.Remaining = entry.RemainingAfterCrash = stored;
            entry.Holder = null;
        }

        Active = null;
        _firstOpen = 0;
    }

    /// <summary>All is quiet, and the subscription says that nothing is left.</summary>
    public void CheckEnd()
    {
        foreach (var entry in _entries)
        {
            if (!entry.IsAcknowledged)
            {
                Report($"lost: {entry.Position} was never acknowledged, and is not delivered.");
            }
        }
    }

    public void Trimmed(Position first)
    {
        for (var i = 0; i < _entries.Count && _entries[i].Position < first; i++)
        {
            _entries[i].IsTrimmed = true;
        }
    }

    public int FirstOpen()
    {
        while (_firstOpen < _entries.Count && _entries[_firstOpen].IsAcknowledged)
        {
            _firstOpen++;
        }

        return _firstOpen;
    }

    private void CheckAcknowledged(SimulatedClient client, TrackedEntry entry, in DeliveredEntry delivered)
    {
        if (entry.IsAcknowledged)
        {
            if (entry.AcknowledgedAt < world.Now - OnTheWay)
            {
                Report($"again: {client} is given {entry.Position}, which is acknowledged.");
            }

            return;
        }

        var shown = delivered.Unacknowledged is { } bits ? (ulong)bits[0] : TrackedEntry.All(entry.Messages);
        if ((shown & entry.Remaining) != entry.Remaining)
        {
            Report($"lost: {client} is given {entry.Position} without messages that are not acknowledged.");
        }
    }

    // Where one consumer gets everything, nothing that is not acknowledged is left out.
    private void CheckOrder(SimulatedClient client, int index)
    {
        if (Active != client)
        {
            Report($"active: {client} is given a message and is not active.");
        }

        var from = client.Last is { } last ? _index[last] + 1 : FirstOpen();
        if (from > index)
        {
            Report($"order: {client} is given {_entries[index].Position} after {client.Last}.");
        }

        for (var i = from; i < index; i++)
        {
            if (!_entries[i].IsAcknowledged)
            {
                Report($"order: {client} is given {_entries[index].Position} and not {_entries[i].Position} before it.");
                return;
            }
        }
    }

    private void CheckTracked(SimulatedClient client, TrackedEntry entry, int index, long now)
    {
        if (entry.DeliverAt > now)
        {
            Report($"early: {client} is given {entry.Position} {entry.DeliverAt - now} ms before its time.");
        }

        if (entry.Holder is { } holder && !entry.IsAcknowledged)
        {
            Report($"twice: {client} is given {entry.Position}, which {holder} has.");
        }

        if (plan.MaxUnacked > 0 && client.Held >= plan.MaxUnacked)
        {
            Report($"limit: {client} has {client.Held} messages unacknowledged, and is given another.");
        }

        if (plan.Ranges is { } && !client.Takes(entry.Slot))
        {
            Report($"range: {client} is given a key of slot {entry.Slot}.");
        }

        if (plan.IsOrderedByKey && entry.DeliverAt == 0)
        {
            CheckKey(client, entry, index);
        }
    }

    // Every earlier message of the key that is not acknowledged is with the same consumer.
    private void CheckKey(SimulatedClient client, TrackedEntry entry, int index)
    {
        for (var i = FirstOpen(); i < _entries.Count; i++)
        {
            var other = _entries[i];
            if (other.Slot != entry.Slot || other.IsAcknowledged || i == index || other.DeliverAt > 0)
            {
                continue;
            }

            if ((other.Holder is { } holder && holder != client) || (i < index && other.Holder is null))
            {
                Report($"key: {client} is given {entry.Position} while {other.Position} of the same key is {(other.Holder is { } at ? $"with {at}" : "not delivered")}.");
                return;
            }
        }
    }
}
