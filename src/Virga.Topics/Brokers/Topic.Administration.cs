using Virga.Core.Problems;
using Virga.Topics.Compaction;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <content>What its operators ask of it.</content>
public sealed partial class Topic
{
    /// <summary>Ends the topic: nothing is published to it any more, and its consumers are told when they have had all.</summary>
    /// <returns>The last entry.</returns>
    /// <exception cref="ProblemException"><c>invalid-request</c>: it keeps no messages; <c>topic-moved</c>, <c>ledgers-unavailable</c>.</exception>
    public async ValueTask<Position> TerminateAsync(CancellationToken cancellation)
    {
        var log = Log ?? throw new ProblemException(KnownProblems.InvalidRequest($"'{Name}' keeps no messages: it has no end."));
        ThrowIfClosing();
        try
        {
            var last = await log.TerminateAsync(cancellation);
            await _producers.CloseAsync(CloseReason.Moved, KnownProblems.TopicTerminated($"'{Name}' is terminated: nothing is published to it any more."));
            Subscriptions.Terminated();
            return last;
        }
        catch (Exception e) when (e is MetadataConflictException or LedgerStoreException)
        {
            GiveUp(e);
            throw new ProblemException(Explain(e), e);
        }
    }

    /// <summary>How its compaction stands.</summary>
    public CompactionStatus Compaction => Compactor?.Status ?? new CompactionStatus(CompactionState.NotRun, null, null, 0, 0);

    /// <summary>Compacts it: who reads it compacted gets the last message of each key up to where it ends now. Messages without a key stay; one without a payload removes its key.</summary>
    /// <returns>Completes when it is done; what has begun goes on where nobody waits for it any more.</returns>
    /// <exception cref="ProblemException"><c>invalid-request</c>: it keeps no messages; <c>topic-moved</c>, <c>ledgers-unavailable</c>.</exception>
    public async ValueTask CompactAsync(CancellationToken cancellation)
    {
        var compaction = Compactor ?? throw new ProblemException(KnownProblems.InvalidRequest($"'{Name}' keeps no messages: there is nothing to compact."));
        ThrowIfClosing();
        try
        {
            await compaction.RunAsync().WaitAsync(cancellation);
        }
        catch (Exception e) when (e is MetadataConflictException or LedgerStoreException or MalformedMessageException)
        {
            throw new ProblemException(Explain(e), e);
        }
    }

    /// <summary>Removes all that there is now, whatever is acknowledged or to be retained.</summary>
    /// <exception cref="ProblemException"><c>topic-moved</c>, <c>ledgers-unavailable</c>.</exception>
    public async ValueTask TruncateAsync(CancellationToken cancellation)
    {
        ThrowIfClosing();
        if (Log is not { } log)
        {
            return;
        }

        try
        {
            await log.SealAsync(cancellation);
            var last = log.Chain.LastClosed;
            foreach (var subscription in Subscriptions.List)
            {
                await subscription.ClearAsync(cancellation);
            }

            await log.TruncateAsync(last, cancellation);
        }
        catch (Exception e) when (e is MetadataConflictException or LedgerStoreException)
        {
            throw new ProblemException(Explain(e), e);
        }
    }

    /// <summary>Takes it out of memory; producers and consumers come again, and it is opened then.</summary>
    public async ValueTask UnloadAsync(CancellationToken cancellation) => await CloseAsync(CloseReason.Moved).WaitAsync(cancellation);

    /// <summary>How it stands. Counts begin when it came into memory.</summary>
    public TopicFigures Figures()
    {
        var chain = Log?.Chain;
        var subscriptions = ListSubscriptions().Select(static subscription => subscription.Figures()).OrderBy(static figures => figures.Name.Value, StringComparer.Ordinal).ToList();
        return new TopicFigures
        {
            Name = Name,
            OpenedAt = OpenedAt,
            IsTerminated = IsTerminated,
            MessagesIn = Meter.Messages,
            BytesIn = Meter.Bytes,
            MessageRateIn = Meter.MessageRate,
            ByteRateIn = Meter.ByteRate,
            MessagesOut = subscriptions.Sum(static each => each.Messages),
            BytesOut = subscriptions.Sum(static each => each.Bytes),
            MessageRateOut = Delivered.MessageRate,
            ByteRateOut = Delivered.ByteRate,
            StorageBytes = chain?.Bytes ?? 0,
            Entries = chain?.Entries ?? 0,
            First = Log?.First ?? new Position(0, 0),
            Last = Last,
            Backlog = subscriptions.Count == 0 ? 0 : subscriptions.Max(static each => each.Backlog),
            BacklogBytes = chain is null ? 0 : subscriptions.Where(static each => each.IsDurable).Select(each => chain.BytesBehind(each.MarkDeleted)).DefaultIfEmpty(0).Max(),
            IsDeduplicated = Deduplication is not null,
            Ledgers = Log is { } log ? LedgerFigures.Of(log) : [],
            Producers = [.. _producers.All.Select(static producer => producer.Figures())],
            Subscriptions = subscriptions,
            Replication = Replication.Figures(),
            Compaction = Compaction,
        };
    }

    /// <summary>Some time has passed: rates are those of about the last minute.</summary>
    internal void Tick(TimeSpan passed)
    {
        _producers.Tick(passed);
        Meter.Tick(passed);
        Replication.Tick(passed);
        long messages = 0, bytes = 0;
        foreach (var subscription in Subscriptions.All)
        {
            if (subscription.HasConsumers && !ReplicationCursor.IsOne(subscription.Name))
            {
                var figures = subscription.Figures();
                messages += figures.Messages;
                bytes += figures.Bytes;
            }
        }

        // What a subscription has delivered is not in the sum while it has no consumers: that is no rate below zero.
        Delivered.Count((int)Math.Clamp(messages - Delivered.Messages, 0, int.MaxValue), (int)Math.Clamp(bytes - Delivered.Bytes, 0, int.MaxValue));
        Delivered.Tick(passed);
    }
}
