using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>A client that comes and goes, acknowledges, rejects and forgets as chance will have it; and looks at everything that it is given.</summary>
internal sealed class SimulatedClient(SubscriptionHistory history, int number) : IConsumerSink
{
    private readonly List<TrackedEntry> _held = [];
    private Consumer? _consumer;
    private int _session;
    private long _permits;
    private bool _isActive;
    private List<TrackedEntry> _past = [];

    public int Number => number;

    public bool IsAttached => _consumer is not null;

    /// <summary>It was told that a terminated topic has no more.</summary>
    public bool KnowsEnd { get; private set; }

    /// <summary>Messages that it has and did not acknowledge.</summary>
    public int Held
    {
        get
        {
            var messages = 0;
            foreach (var entry in _held)
            {
                messages += System.Numerics.BitOperations.PopCount(entry.Remaining);
            }

            return messages;
        }
    }

    /// <summary>The last entry that it was given, since it came or went back.</summary>
    public Position? Last { get; set; }

    private SeededRandom Random => history.World.Random;

    private SubscriptionChecker Checker => history.Checker;

    public override string ToString() => $"client {number}";

    public bool Takes(int slot) => history.Plan.Ranges![number].Any(range => slot >= range.First && slot <= range.Last);

    /// <summary>Does one thing.</summary>
    public void Act()
    {
        if (_consumer is null)
        {
            if (Random.Chance(0.3))
            {
                Attach();
            }

            return;
        }

        switch (Random.Next(20))
        {
            case 0 when Random.Chance(0.3):
                Detach();
                break;
            case 1:
                RejectAll();
                break;
            case 2 or 3:
                RejectSome();
                break;
            case 4 or 5 or 6:
                Permit(1 + Random.Next(30));
                break;
            case 7 or 8:
                AcknowledgePart();
                break;
            case 19 when _past.Count > 0:
                AcknowledgeLate();
                break;
            case 9 when Random.Chance(0.5):
                history.Promise(_consumer);
                break;
            case 10 or 11 when history.Plan.Type is SubscriptionType.Exclusive or SubscriptionType.Failover:
                AcknowledgeUpTo();
                break;
            default:
                AcknowledgeSome();
                break;
        }
    }

    /// <summary>Takes what there is and acknowledges it.</summary>
    public void Drain()
    {
        if (_consumer is null)
        {
            Attach();
            return;
        }

        if (_permits < 20)
        {
            Permit(100);
        }

        foreach (var entry in _held.ToArray())
        {
            Acknowledge(entry, 0);
        }
    }

    /// <summary>The broker is gone, and with it the connection.</summary>
    public void Lose()
    {
        _consumer = null;
        _past = [.. _held];
        Forget();
    }

    public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
    {
        if (_consumer is null)
        {
            Checker.Report($"closed: {this} is given messages and is not there.");
            return;
        }

        foreach (var entry in entries)
        {
            if (_permits <= 0)
            {
                Checker.Report($"permits: {this} is given {entry.Position} and has permitted no more.");
            }

            Checker.Delivered(this, entry, history.Now);
            var tracked = Checker.Of(entry.Position);
            var messages = System.Numerics.BitOperations.PopCount(entry.Unacknowledged is { } bits ? (ulong)bits[0] : TrackedEntry.All(entry.Messages));
            _permits -= messages;
            if (!_held.Contains(tracked))
            {
                _held.Add(tracked);
            }
        }
    }

    public void ActiveChanged(bool isActive)
    {
        if (isActive && Checker.Active is { } other && other != this)
        {
            Checker.Report($"active: {this} becomes active while {other} is.");
        }

        if (isActive)
        {
            Checker.Active = this;
            Last = null;
        }
        else if (_isActive)
        {
            Checker.Active = null;
        }

        _isActive = isActive;
    }

    public void EndReached()
    {
        if (KnowsEnd || history.Subscription.Figures() is { Waiting: > 0, Backlog: > 0 })
        {
            Checker.Report($"end: {this} is told twice, or too early.");
        }

        KnowsEnd = true;
    }

    public void Closed(CloseReason reason) => Lose();

    private void Attach()
    {
        // Each of those who ask for ranges asks for its own.
        var options = new ConsumerOptions
        {
            Subscription = SubscriptionHistory.Name,
            Type = history.Plan.Type,
            Name = $"c{number}",
            Priority = history.Plan.Ranges is null ? number % 2 : 0,
            KeySharing = new KeySharing { Ranges = history.Plan.Ranges?[number] ?? [], AllowOutOfOrder = history.Plan.AllowsOutOfOrder },
        };
        try
        {
            _session++;
            KnowsEnd = false;
            _consumer = history.Subscription.Attach(options, this);
            if (Random.Chance(0.8))
            {
                Permit(1 + Random.Next(30));
            }
        }
        catch (ProblemException e) when (e.Problem.Slug is "consumer-busy" or "unavailable")
        {
            _consumer = null;
        }
    }

    private void Detach()
    {
        // First the broker's side: what it does while the client still counts as connected is its own affair.
        var consumer = _consumer!;
        Lose();
        consumer.Detach();
    }

    private void Permit(int messages)
    {
        _permits += messages;
        _consumer!.Permit(messages);
    }

    private void AcknowledgeSome()
    {
        for (var i = _held.Count - 1; i >= 0; i--)
        {
            if (Random.Chance(0.4) && i < _held.Count)
            {
                Acknowledge(_held[i], 0);
            }
        }
    }

    // What it was given before it lost its connection, and may be with another one by now.
    private void AcknowledgeLate()
    {
        foreach (var entry in _past.Where(_ => Random.Chance(0.5)))
        {
            Acknowledge(entry, 0);
        }

        _past.Clear();
    }

    private void AcknowledgePart()
    {
        if (_held.Count > 0 && Random.Pick(_held) is { Messages: > 1 } entry)
        {
            Acknowledge(entry, Random.Next() & TrackedEntry.All(entry.Messages));
        }
    }

    private void AcknowledgeUpTo()
    {
        if (_held.Count == 0)
        {
            return;
        }

        var entry = Random.Pick(_held);
        var remaining = entry.Messages > 1 && Random.Chance(0.3) ? TrackedEntry.All(entry.Messages) & (ulong.MaxValue << Random.Next(entry.Messages)) : 0;
        _held.RemoveAll(held => held.Position < entry.Position || (held == entry && remaining == 0));
        var before = Checker.Entries;
        for (var i = Checker.FirstOpen(); i < before.Count && before[i].Position < entry.Position; i++)
        {
            Checker.Acknowledged(before[i], 0);
        }

        Checker.Acknowledged(entry, remaining);
        _consumer!.AcknowledgeUpTo(new BatchAck(entry.Position, TrackedEntry.Bits(remaining)));
    }

    private void Acknowledge(TrackedEntry entry, ulong remaining)
    {
        Checker.Acknowledged(entry, remaining);
        if (remaining == 0)
        {
            _held.Remove(entry);
        }
        _consumer!.Acknowledge([new BatchAck(entry.Position, TrackedEntry.Bits(remaining))]);
        if (entry.Remaining == 0)
        {
            _held.Remove(entry);
        }
    }

    private void RejectSome()
    {
        var rejected = _held.FindAll(_ => Random.Chance(0.2));
        if (rejected.Count == 0)
        {
            return;
        }

        if (history.Plan.Type is SubscriptionType.Exclusive or SubscriptionType.Failover)
        {
            // All comes again; what it has, it may acknowledge still.
            if (_isActive)
            {
                Last = null;
            }
        }
        else
        {
            rejected.ForEach(Release);
        }

        _consumer!.Redeliver([.. rejected.Select(static entry => entry.Position)]);
    }

    private void RejectAll()
    {
        if (_isActive)
        {
            Last = null;
        }

        Forget(keepsPermits: true);
        _consumer!.RedeliverAll();
    }

    private void Forget(bool keepsPermits = false)
    {
        foreach (var entry in _held.ToArray())
        {
            Release(entry);
        }

        _held.Clear();
        if (keepsPermits)
        {
            return;
        }

        _permits = 0;
        Last = null;
        _isActive = false;
        if (Checker.Active == this)
        {
            Checker.Active = null;
        }
    }

    private void Release(TrackedEntry entry)
    {
        _held.Remove(entry);
        if (entry.Holder == this)
        {
            entry.Holder = null;
        }
    }
}
