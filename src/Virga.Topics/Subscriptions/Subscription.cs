using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <summary>
/// A subscription: who is connected and what goes to whom. Two kinds: <see cref="CursorSubscription"/> for topics that keep their messages, <see cref="DirectSubscription"/> for those that do not.
/// All members are safe for many threads. State changes under one gate, which is never held while a sink is called or something is waited for.
/// </summary>
public abstract partial class Subscription : IAsyncDisposable
{
    private readonly Dictionary<long, Consumer> _consumers = [];
    private readonly Queue<Notice> _notices = new();
    private readonly List<TaskCompletionSource> _quiet = [];
    private readonly DispatchPump _pump;
    private long _lastId;
    private string? _fence;

    private protected Subscription(SubscriptionContext context, SubscriptionName name)
    {
        (Context, Name, Options) = (context, name, context.Options);
        _pump = new DispatchPump(this, context.Queue);
    }

    /// <summary>Its name.</summary>
    public SubscriptionName Name { get; }

    /// <summary>How those who are connected share it; null where there is nobody.</summary>
    public SubscriptionType? Type
    {
        get
        {
            lock (Gate)
            {
                return _consumers.Count > 0 ? Dispatcher!.Type : null;
            }
        }
    }

    /// <summary>Whether anybody is connected.</summary>
    public bool HasConsumers
    {
        get
        {
            lock (Gate)
            {
                return _consumers.Count > 0;
            }
        }
    }

    /// <summary>The limits; may be set at any time.</summary>
    public DispatchOptions Options { get; private set; }

    /// <summary>All up to here is acknowledged. <see cref="Position.Latest"/> for one that keeps nothing.</summary>
    public abstract Position MarkDeleted { get; }

    /// <summary>All up to here is durably acknowledged: the topic may forget it. What is acknowledged in memory alone, and a note that goes with it, would be wanted again after a crash.</summary>
    public virtual Position Forgettable => MarkDeleted;

    /// <summary>Entries that are not acknowledged.</summary>
    public abstract long Backlog { get; }

    /// <summary>Whether it outlives its consumers.</summary>
    public abstract bool IsDurable { get; }

    private protected Lock Gate { get; } = new();

    private protected SubscriptionContext Context { get; }

    /// <summary>How the consumers share; of the last ones where there are none.</summary>
    private protected Dispatcher? Dispatcher { get; private set; }

    private protected Dictionary<long, Consumer>.ValueCollection Consumers => _consumers.Values;

    /// <summary>The permits of all consumers together.</summary>
    private protected long Permits { get; private set; }

    private protected bool IsClosed => _fence is not null;

    /// <summary>Sets other limits.</summary>
    public virtual void Apply(DispatchOptions options)
    {
        lock (Gate)
        {
            Options = options;
        }

        Wake();
    }

    /// <summary>Attaches a consumer. Messages come when it permits them.</summary>
    /// <exception cref="ProblemException"><c>consumer-busy</c>, <c>subscription-type-mismatch</c>, <c>key-range-taken</c>; <c>unavailable</c> while the subscription is sought in or closed.</exception>
    public Consumer Attach(ConsumerOptions options, IConsumerSink sink)
    {
        Consumer consumer;
        lock (Gate)
        {
            ThrowIfClosed();
            if (_consumers.Count == 0)
            {
                Dispatcher = NewDispatcher(options);
            }
            else if (Dispatcher!.Type != options.Type)
            {
                throw new ProblemException(KnownProblems.SubscriptionTypeMismatch($"The subscription '{Name}' is {Words(Dispatcher.Type)} for those who are connected; {Words(options.Type)} was asked for."));
            }
            else if (Dispatcher.Refusal(options) is { } refusal)
            {
                throw new ProblemException(KnownProblems.SubscriptionTypeMismatch($"The subscription '{Name}' is shared in another way. {refusal}"));
            }

            var id = ++_lastId;
            var name = options.Name.Length > 0 ? options.Name : (Context.NextRandom() & 0xfffff).ToString("x5", System.Globalization.CultureInfo.InvariantCulture);
            consumer = new Consumer(this, id, name, options, sink, Context.Time.GetUtcNow());
            var active = Dispatcher.Active;
            Dispatcher.Add(consumer);
            _consumers.Add(id, consumer);
            Attached(consumer);
            ActiveChanged(active, consumer);
        }

        Wake();
        return consumer;
    }

    /// <summary>The topic has new entries. Returns at once, and costs next to nothing where nobody waits for any.</summary>
    public abstract void Appended();

    /// <summary>The topic is terminated: there will be no new entries.</summary>
    public abstract void Terminated();

    /// <summary>Begins anew with a message. The consumers are closed: their clients come again.</summary>
    public abstract ValueTask SeekAsync(MessageId to, CancellationToken cancellation);

    /// <summary>Begins anew with what was published at a time or later. The consumers are closed: their clients come again.</summary>
    public abstract ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation);

    /// <summary>Passes over so many entries that are not acknowledged (a batch is one), the oldest first.</summary>
    public abstract ValueTask SkipAsync(long messages, CancellationToken cancellation);

    /// <summary>Passes over everything that there is.</summary>
    public abstract ValueTask ClearAsync(CancellationToken cancellation);

    /// <summary>Passes over what was published before a time.</summary>
    public abstract ValueTask ExpireAsync(DateTimeOffset publishedBefore, CancellationToken cancellation);

    /// <summary>Completes when what was acknowledged so far is durable.</summary>
    public abstract ValueTask FlushAsync(CancellationToken cancellation);

    /// <summary>Ends the subscription for good: consumers are closed, what it has acknowledged is forgotten.</summary>
    public abstract ValueTask DeleteAsync(CancellationToken cancellation);

    /// <summary>How it stands.</summary>
    public abstract SubscriptionFigures Figures();

    /// <summary>Closes it here: consumers are told to come again, acknowledgements are stored.</summary>
    public abstract ValueTask DisposeAsync();

    internal abstract void Acknowledge(Consumer consumer, ReadOnlySpan<BatchAck> acks, string? note);

    /// <summary>What was last noted with acknowledgements; empty for nothing.</summary>
    internal abstract string Note { get; }

    internal abstract void AcknowledgeUpTo(Consumer consumer, BatchAck last);

    internal abstract void Redeliver(Consumer consumer, ReadOnlySpan<Position> positions);

    internal abstract void RedeliverAll(Consumer consumer);

    internal void Permit(Consumer consumer, int messages)
    {
        lock (Gate)
        {
            if (messages <= 0 || consumer.IsDetached)
            {
                return;
            }

            ChangePermits(consumer, (int)Math.Min(int.MaxValue, (long)consumer.Permits + messages));
            Dispatcher!.Ready(consumer);
        }

        Wake();
    }

    internal void Detach(Consumer consumer)
    {
        lock (Gate)
        {
            if (consumer.IsDetached)
            {
                return;
            }

            var active = Dispatcher!.Active;
            Close(consumer);
            _consumers.Remove(consumer.Id);
            Dispatcher.Remove(consumer);
            Detached(consumer);
            if (_consumers.Count > 0)
            {
                ActiveChanged(active, null);
            }
        }

        Wake();
    }

    /// <summary>One pass of the pump: decides what goes to whom, then tells the sinks. True when there is more to do.</summary>
    internal bool RunPass()
    {
        bool isMore;
        lock (Gate)
        {
            isMore = Dispatch();
        }

        Fetch();
        Tell();
        return isMore;
    }

    internal ConsumerFigures FiguresOf(Consumer consumer)
    {
        lock (Gate)
        {
            return new ConsumerFigures
            {
                Id = consumer.Id,
                Name = consumer.Name,
                Priority = consumer.Options.Priority,
                IsActive = !consumer.IsDetached && (Dispatcher!.TracksEntries || Dispatcher.Active == consumer),
                IsBlocked = consumer.IsBlocked,
                Permits = consumer.Permits,
                Unacknowledged = consumer.Unacknowledged,
                Messages = consumer.Messages,
                Bytes = consumer.Bytes,
                Redelivered = consumer.Redelivered,
                Acknowledged = consumer.Acknowledged,
                Since = consumer.Since,
                DeliveredAt = TimeOf(consumer.DeliveredAt),
                AcknowledgedAt = TimeOf(consumer.AcknowledgedAt),
                Ranges = consumer.IsDetached ? [] : Dispatcher!.RangesOf(consumer),
                Properties = consumer.Options.Properties,
            };
        }
    }

    /// <summary>Under the gate: decides what goes to whom. True when there is more to do at once.</summary>
    private protected abstract bool Dispatch();

    /// <summary>Outside the gate, by the pump: begins what <see cref="Dispatch"/> could not do at once.</summary>
    private protected virtual void Fetch()
    {
    }

    /// <summary>Under the gate: a consumer was added.</summary>
    private protected virtual void Attached(Consumer consumer)
    {
    }

    /// <summary>Under the gate: a consumer is gone; what it has goes to others.</summary>
    private protected virtual void Detached(Consumer consumer)
    {
    }

    /// <summary>Under the gate: an entry that was to go to a consumer was not delivered.</summary>
    private protected virtual void Withdrawn(Consumer consumer, Position position)
    {
    }

    /// <summary>Under the gate: another consumer gets everything now.</summary>
    private protected virtual void Rewind()
    {
    }

    private protected static DateTimeOffset? TimeOf(long milliseconds) => milliseconds > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    private protected void Wake() => _pump.Wake();

    private protected void Notify(Consumer consumer, NoticeKind kind) => _notices.Enqueue(new Notice(consumer, kind));

    // Under the gate: nobody is let in from now on, and those who are in are told.
    private protected void CloseConsumers(NoticeKind kind, string? fence)
    {
        _fence = fence;
        foreach (var consumer in _consumers.Values)
        {
            Close(consumer);
            Notify(consumer, kind);
        }

        _consumers.Clear();
    }

    private protected void Reopen() => _fence = null;

    private protected void ThrowIfClosed()
    {
        if (_fence is not null)
        {
            throw new ProblemException(KnownProblems.Unavailable($"The subscription '{Name}' {_fence}.", "Try again in a moment."));
        }
    }

    private static string Words(SubscriptionType type) => type switch
    {
        SubscriptionType.Exclusive => "exclusive",
        SubscriptionType.Shared => "shared",
        SubscriptionType.Failover => "failover",
        SubscriptionType.KeyShared => "key_shared",
        _ => "of an unknown type",
    };

    private Dispatcher NewDispatcher(ConsumerOptions options) => options.Type switch
    {
        SubscriptionType.Exclusive or SubscriptionType.Failover => new SingleDispatcher(options.Type, Context.Topic.Partition),
        SubscriptionType.Shared => new SharedDispatcher(),
        SubscriptionType.KeyShared => new KeySharedDispatcher(options.KeySharing),
        _ => throw new ProblemException(KnownProblems.InvalidRequest($"There is no subscription type {(int)options.Type}.", "Use exclusive, shared, failover or key_shared.")),
    };

    private void Close(Consumer consumer)
    {
        consumer.IsDetached = true;
        TakeBack(consumer);
        ChangePermits(consumer, 0);
    }

    private void ChangePermits(Consumer consumer, int permits)
    {
        Permits += Math.Max(0, permits) - Math.Max(0, consumer.Permits);
        consumer.Permits = permits;
    }

    // The one before is told first: there are never two who think that they are active.
    private void ActiveChanged(Consumer? before, Consumer? added)
    {
        var active = Dispatcher!.Active;
        if (Dispatcher.TracksEntries)
        {
            return;
        }

        if (before != active)
        {
            if (before is { IsDetached: false })
            {
                TakeBack(before);
                Notify(before, NoticeKind.Inactive);
            }

            Rewind();
            if (active is not null)
            {
                Notify(active, NoticeKind.Active);
            }
        }

        if (added is not null && added != active)
        {
            Notify(added, NoticeKind.Inactive);
        }
    }
}
