using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions.Cursors;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <summary>
/// A subscription of a topic that keeps its messages: a cursor over the topic's log. What is not acknowledged is delivered, again and again if need be; what is durably acknowledged is not.
/// </summary>
public sealed partial class CursorSubscription : Subscription, ICursorSource
{
    private readonly Cursor _cursor;
    private readonly CursorKeeper? _keeper;
    private readonly CancellationTokenSource _closing = new();
    private IReadOnlyList<KeyValuePair<string, string>> _properties;
    private string _note;
    private bool _isTerminated;

    // The mark of the last snapshot, and of the last one that is durable.
    private Position _snapshot;
    private Position _durable;
    private bool _isLost;
    private long _expired;
    private long _acknowledgedAt;
    private Task _fetching = Task.CompletedTask;

    private CursorSubscription(SubscriptionContext context, SubscriptionName name, Cursor cursor, long? version, long writer, IReadOnlyList<KeyValuePair<string, string>> properties, string note)
        : base(context, name)
    {
        _cursor = cursor;
        _properties = properties;
        _note = note;
        Writer = writer;
        _durable = cursor.MarkDeleted;
        _read = context.Log.After(cursor.MarkDeleted);
        _limiter = new DispatchLimiter(context.Options.Rate, context.Time);
        _delays = new DelayedEntries(context.Options.MaxDelayed);
        _alarm = context.Time.CreateTimer(static state => ((CursorSubscription)state!).Rang(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (version is { } stored)
        {
            _keeper = new CursorKeeper(context, CursorRecord.KeyOf(context.Topic, name), stored, cursor.Changes, this);
        }
    }

    /// <inheritdoc/>
    public override Position MarkDeleted
    {
        get
        {
            lock (Gate)
            {
                return _cursor.MarkDeleted;
            }
        }
    }

    /// <inheritdoc/>
    public override Position Forgettable
    {
        get
        {
            lock (Gate)
            {
                return _keeper is null || _cursor.MarkDeleted < _durable ? _cursor.MarkDeleted : _durable;
            }
        }
    }

    /// <inheritdoc/>
    public override long Backlog
    {
        get
        {
            lock (Gate)
            {
                return _cursor.Backlog;
            }
        }
    }

    /// <inheritdoc/>
    public override bool IsDurable => _keeper is not null;

    /// <inheritdoc/>
    public long Writer { get; }

    /// <summary>Opens a subscription as it was left, or makes a new one.</summary>
    /// <param name="context">Where it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="forNew">How one that is not stored begins; null where it must be stored.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>metadata-corrupted</c>: what is stored of it cannot be read.</exception>
    public static async ValueTask<CursorSubscription> OpenAsync(SubscriptionContext context, SubscriptionName name, ConsumerOptions? forNew, CancellationToken cancellation)
    {
        var cursor = new Cursor(context.Log);
        var writer = context.NextRandom();
        var key = CursorRecord.KeyOf(context.Topic, name);
        if (forNew is { IsDurable: false })
        {
            (await StartAsync(StartOf(context, forNew), forNew, cancellation)).Apply(cursor);
            return new CursorSubscription(context, name, cursor, null, writer, forNew.SubscriptionProperties, "");
        }

        if (await context.Metadata.GetAsync(key, cancellation) is { } stored)
        {
            var record = CursorCodec.Decode(stored.Bytes.Span)
                ?? throw new ProblemException(KnownProblems.TopicsCorrupted($"What is stored of the subscription '{name}' of {context.Topic} cannot be read.", $"Restore a backup, or remove the key '{key}' from the topics' metadata: the subscription is then made anew."));
            cursor.Restore(record, context.Compacted ?? context.Log);
            return new CursorSubscription(context, name, cursor, stored.Version, writer, record.Properties, record.Note);
        }

        if (forNew is null)
        {
            throw new ProblemException(KnownProblems.NotFound($"There is no subscription '{name}' of {context.Topic}.", "Subscribe, or make the subscription first."));
        }

        (await StartAsync(StartOf(context, forNew), forNew, cancellation)).Apply(cursor);
        var versions = await context.Metadata.WriteAsync([new MetadataWrite(key, CursorCodec.Encode(cursor, writer, forNew.SubscriptionProperties, ""), 0)], cancellation);
        return new CursorSubscription(context, name, cursor, versions[0], writer, forNew.SubscriptionProperties, "");
    }

    // What compaction has kept may lie before what the log still has.
    private static ITopicLog StartOf(SubscriptionContext context, ConsumerOptions options) => options.ReadCompacted && context.Compacted is { } compacted ? compacted : context.Log;

    /// <inheritdoc/>
    public byte[] Snapshot(out long changes)
    {
        lock (Gate)
        {
            changes = _cursor.Changes;
            _snapshot = _cursor.MarkDeleted;
            return CursorCodec.Encode(_cursor, Writer, _properties, _note);
        }
    }

    /// <inheritdoc/>
    public void Saved()
    {
        lock (Gate)
        {
            _durable = _snapshot;
        }
    }

    /// <inheritdoc/>
    public void Lost()
    {
        lock (Gate)
        {
            _isLost = true;
            if (!_isEnded)
            {
                CloseConsumers(NoticeKind.Moved, "has moved to another node");
            }
        }

        Context.CursorLost?.Invoke();
        Wake();
    }

    /// <inheritdoc/>
    public override void Terminated()
    {
        lock (Gate)
        {
            _isTerminated = true;
        }

        Wake();
    }

    /// <inheritdoc/>
    public override void Apply(DispatchOptions options)
    {
        _limiter.Rate = options.Rate;
        base.Apply(options);
        lock (Gate)
        {
            foreach (var consumer in Consumers)
            {
                consumer.IsBlocked = options.MaxUnackedPerConsumer > 0 && consumer.Unacknowledged >= options.MaxUnackedPerConsumer;
                Dispatcher!.Ready(consumer);
            }
        }

        Wake();
    }

    /// <summary>Sets the subscription's own properties, durably.</summary>
    public ValueTask SetPropertiesAsync(IReadOnlyList<KeyValuePair<string, string>> properties, CancellationToken cancellation)
    {
        lock (Gate)
        {
            _properties = properties;
            _cursor.Touch();
        }

        return FlushAsync(cancellation);
    }

    /// <inheritdoc/>
    public override ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (_keeper is null)
        {
            return ValueTask.CompletedTask;
        }

        long changes;
        lock (Gate)
        {
            changes = _cursor.Changes;
        }

        return _keeper.FlushAsync(changes, cancellation);
    }

    /// <inheritdoc/>
    public override async ValueTask DeleteAsync(CancellationToken cancellation)
    {
        lock (Gate)
        {
            CloseConsumers(NoticeKind.Deleted, "was deleted");
        }

        await EndAsync();
        if (_keeper is not null)
        {
            await _keeper.DeleteAsync(cancellation);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        lock (Gate)
        {
            if (_isEnded)
            {
                return;
            }

            CloseConsumers(NoticeKind.Moved, "is closed here");
        }

        if (_keeper is not null)
        {
            try
            {
                await FlushAsync(CancellationToken.None);
            }
            catch (Exception e) when (e is ProblemException or ObjectDisposedException)
            {
                // Nothing is lost that was promised: what is not stored is delivered again.
                LogUnsaved(Context.Logger, Name.Value, e);
            }
        }

        await EndAsync();
        if (_keeper is not null)
        {
            await _keeper.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public override SubscriptionFigures Figures()
    {
        var consumers = new List<ConsumerFigures>();
        lock (Gate)
        {
            long messages = _gone.Messages, bytes = _gone.Bytes, redelivered = _gone.Redelivered, delivered = _gone.DeliveredAt;
            foreach (var consumer in Consumers)
            {
                consumers.Add(FiguresOf(consumer));
                messages += consumer.Messages;
                bytes += consumer.Bytes;
                redelivered += consumer.Redelivered;
                delivered = Math.Max(delivered, consumer.DeliveredAt);
            }

            return new SubscriptionFigures
            {
                Name = Name,
                Type = consumers.Count > 0 ? Dispatcher!.Type : null,
                IsDurable = IsDurable,
                MarkDeleted = _cursor.MarkDeleted,
                ReadPosition = _read,
                Backlog = _cursor.Backlog,
                AcknowledgedBehind = _cursor.Acknowledged.Count,
                Unacknowledged = _unacknowledged,
                IsBlocked = _isBlocked,
                Delayed = _delays.Count,
                Waiting = Dispatcher?.Returned ?? 0,
                Messages = messages,
                Bytes = bytes,
                Redelivered = redelivered,
                Expired = _expired,
                DeliveredAt = TimeOf(delivered),
                AcknowledgedAt = TimeOf(_acknowledgedAt),
                Properties = _properties,
                Consumers = consumers,
            };
        }
    }

    // Nothing runs any more when this completes.
    private async Task EndAsync()
    {
        lock (Gate)
        {
            if (_isEnded)
            {
                return;
            }

            _isEnded = true;
        }

        // The pump begins no other fetch; one that it has begun is known after this.
        StopFetching();
        await ToldAsync();
        await _fetching;
        await _alarm.DisposeAsync();
        _closing.Dispose();
    }

    // What waits for it goes on here and now: in simulation there is no other thread.
    private void StopFetching() => _closing.Cancel();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last acknowledgements of the subscription {Subscription} could not be stored; their messages will be delivered again")]
    private static partial void LogUnsaved(ILogger logger, string subscription, Exception exception);
}
