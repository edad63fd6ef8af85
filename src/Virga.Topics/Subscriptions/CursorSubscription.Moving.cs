using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Cursors;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <content>What moves a subscription other than acknowledgements.</content>
public sealed partial class CursorSubscription
{
    /// <inheritdoc/>
    public override ValueTask SeekAsync(MessageId to, CancellationToken cancellation) =>
        SeekAsync(token => StartAsync(Context.Log, to, isInclusive: true, token), cancellation);

    /// <inheritdoc/>
    public override ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation) => SeekAsync(token => StartAsync(Context.Log, to, token), cancellation);

    /// <inheritdoc/>
    public override ValueTask SkipAsync(long messages, CancellationToken cancellation)
    {
        lock (Gate)
        {
            ThrowIfClosed();
            var log = Context.Log;
            var last = log.Last;
            var to = _cursor.MarkDeleted;
            for (var next = log.After(to); messages > 0 && next <= last; next = log.After(to))
            {
                to = next;
                messages -= _cursor.IsAcknowledged(next) ? 0 : 1;
            }

            PassThrough(to);
        }

        Wake();
        return FlushAsync(cancellation);
    }

    /// <inheritdoc/>
    public override ValueTask ClearAsync(CancellationToken cancellation)
    {
        lock (Gate)
        {
            ThrowIfClosed();
            PassThrough(Context.Log.Last);
        }

        Wake();
        return FlushAsync(cancellation);
    }

    /// <inheritdoc/>
    public override async ValueTask ExpireAsync(DateTimeOffset publishedBefore, CancellationToken cancellation)
    {
        var kept = await Context.Log.FindAsync(publishedBefore, cancellation);
        lock (Gate)
        {
            ThrowIfClosed();
            var before = _cursor.Backlog;
            var last = Context.Log.Last;
            PassThrough(kept > last ? last : Context.Log.Before(kept));
            _expired += Math.Max(0, before - _cursor.Backlog);
        }

        Wake();
        await FlushAsync(cancellation);
    }

    private static ValueTask<CursorStart> StartAsync(ITopicLog log, ConsumerOptions options, CancellationToken cancellation) =>
        options.StartAt is { } time ? StartAsync(log, time, cancellation) : StartAsync(log, options.Start, options.StartInclusive, cancellation);

    private static async ValueTask<CursorStart> StartAsync(ITopicLog log, DateTimeOffset time, CancellationToken cancellation)
    {
        var first = await log.FindAsync(time, cancellation);
        var last = log.Last;
        return new CursorStart(first > last ? last : log.Before(first));
    }

    private static async ValueTask<CursorStart> StartAsync(ITopicLog log, MessageId start, bool isInclusive, CancellationToken cancellation)
    {
        var (position, first, last) = (start.Position, log.First, log.Last);
        if (position > last)
        {
            return new CursorStart(last);
        }

        if (position < first)
        {
            return new CursorStart(log.Before(first));
        }

        if (start.BatchIndex < 0)
        {
            return new CursorStart(isInclusive ? log.Before(position) : log.Before(log.After(position)));
        }

        // Inside a batch: the messages before the one to begin with count as acknowledged.
        var entries = new List<LogEntry>(1);
        await log.ReadAsync(position, 1, 1, entries, cancellation);
        var skipped = isInclusive ? start.BatchIndex : start.BatchIndex + 1;
        if (skipped == 0 || entries.Count == 0 || entries[0].Position != position || !MessageCodec.TryReadHeader(entries[0].Data, out var header))
        {
            return new CursorStart(log.Before(position));
        }

        return skipped >= header.Messages ? new CursorStart(position) : new CursorStart(log.Before(position), position, BatchBits.From(skipped, header.Messages));
    }

    // Consumers are told after the cursor has moved and is durable: a client that comes again at once finds it where it is to be.
    private async ValueTask SeekAsync(Func<CancellationToken, ValueTask<CursorStart>> find, CancellationToken cancellation)
    {
        var start = await find(cancellation);
        lock (Gate)
        {
            ThrowIfClosed();
            CloseConsumers(NoticeKind.Moved, "is sought in");
            start.Apply(_cursor);

            // What was noted belonged to where the cursor was.
            _note = "";
            _redeliveries.Clear();
            _delivered = _cursor.MarkDeleted;
            StartReading();
        }

        try
        {
            await FlushAsync(cancellation);
        }
        finally
        {
            lock (Gate)
            {
                if (!_isEnded && !_isLost)
                {
                    Reopen();
                }
            }

            await ToldAsync();
        }
    }

    private void PassThrough(Position position)
    {
        var before = _cursor.Changes;
        AcknowledgeThrough(position);
        if (_cursor.Changes != before)
        {
            Changed();
        }
    }
}
