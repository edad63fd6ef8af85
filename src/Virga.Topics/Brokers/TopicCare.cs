using System.Globalization;
using Virga.Core.Problems;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Policies;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <summary>What happens to one topic as time goes by: messages expire, ledgers that everybody has acknowledged go, subscriptions and topics that nobody uses too. One round at a time, by the upkeep of the broker.</summary>
internal sealed class TopicCare(Topic topic, TopicBroker broker, TopicServices services) : IDisposable
{
    // The part of its quota that evicted backlog is brought down to, so that not each round evicts a little.
    private const double Evicted = 0.9;

    // Acknowledged entries of an open ledger take room until it is closed: worth it from so many bytes, or after so long.
    private const long WorthSealing = 16 << 20;

    private static readonly TimeSpan LongOpen = TimeSpan.FromMinutes(10);

    // Whoever makes a round has it.
    private readonly SemaphoreSlim _turn = new(1, 1);

    // A topic without a subscription keeps what is published for so long at least: somebody may be about to subscribe.
    private static readonly TimeSpan Unclaimed = TimeSpan.FromHours(1);

    /// <summary>Applies the policies once.</summary>
    /// <param name="passed">Since the last round; zero for a topic that was only brought into memory for it.</param>
    /// <param name="cancellation">Breaks off.</param>
    public async ValueTask RoundAsync(TimeSpan passed, CancellationToken cancellation)
    {
        if (passed > TimeSpan.Zero)
        {
            topic.Tick(passed);
        }

        if (topic.IsClosing)
        {
            return;
        }

        await _turn.WaitAsync(cancellation);
        bool isAbandoned;
        try
        {
            isAbandoned = !topic.IsClosing && IsAbandoned(passed);
            if (!topic.IsClosing && !isAbandoned && topic.Log is { } log)
            {
                await ApplyAsync(log, topic.Policies, cancellation);
            }
        }
        catch (MetadataConflictException e)
        {
            topic.GiveUp(e);
            return;
        }
        finally
        {
            _turn.Release();
        }

        if (isAbandoned)
        {
            await broker.RemoveAsync(topic.Name, cancellation);
        }
    }

    /// <summary>Waits for the round that is under way; there is none after it.</summary>
    public async Task StopAsync()
    {
        // The topic says by now that it is closing: whoever comes after this does nothing.
        await _turn.WaitAsync();
        _turn.Release();
    }

    public void Dispose() => _turn.Dispose();

    private async ValueTask ApplyAsync(TopicLog log, TopicPolicies policies, CancellationToken cancellation)
    {
        await ExpireAsync(policies, cancellation);
        await LimitBacklogAsync(log, policies.BacklogQuota!, cancellation);
        if (policies.CompactionThresholdBytes > 0 && log.Chain.BytesBehind(log.Record.Compaction?.Horizon ?? Position.Earliest) >= policies.CompactionThresholdBytes)
        {
            topic.Compactor!.Begin();
        }

        await TrimAsync(log, policies, cancellation);
        Offload(log, policies);
    }

    // What everybody has acknowledged; behind everything where there is nobody.
    private Position Acknowledged(TopicLog log, TopicPolicies policies)
    {
        var acknowledged = topic.Subscriptions.Acknowledged;
        if (topic.Deduplication is { } deduplication && deduplication.Stored < acknowledged)
        {
            acknowledged = deduplication.Stored;
        }

        // What was not compacted yet may be the last message of its key.
        if (policies.CompactionThresholdBytes > 0 || log.Record.Compaction is not null)
        {
            var horizon = log.Record.Compaction?.Horizon ?? Position.Earliest;
            acknowledged = horizon < acknowledged ? horizon : acknowledged;
        }

        return acknowledged;
    }

    private async ValueTask ExpireAsync(TopicPolicies policies, CancellationToken cancellation)
    {
        var now = services.Time.GetUtcNow();
        await topic.Subscriptions.ExpireAsync(policies.SubscriptionExpirySeconds > 0 ? TimeSpan.FromSeconds(policies.SubscriptionExpirySeconds.Value) : null, now, cancellation);
        if (policies.TtlSeconds is not > 0)
        {
            return;
        }

        foreach (var subscription in topic.Subscriptions.List)
        {
            if (subscription.Backlog > 0)
            {
                await subscription.ExpireAsync(now.AddSeconds(-policies.TtlSeconds.Value), cancellation);
            }
        }
    }

    private async ValueTask LimitBacklogAsync(TopicLog log, BacklogQuota quota, CancellationToken cancellation)
    {
        Problem? hold = null;
        if (quota is { Bytes: > 0 } or { Seconds: > 0 })
        {
            foreach (var subscription in topic.Subscriptions.List)
            {
                hold ??= await LimitBacklogAsync(log, subscription, quota, cancellation);
            }
        }

        topic.Hold = hold;
    }

    private async ValueTask<Problem?> LimitBacklogAsync(TopicLog log, Subscription subscription, BacklogQuota quota, CancellationToken cancellation)
    {
        var chain = log.Chain;
        var mark = subscription.MarkDeleted;
        var bytes = chain.BytesBehind(mark);
        if (quota.Bytes > 0 && bytes > quota.Bytes)
        {
            if (quota.Action != BacklogAction.Evict)
            {
                return KnownProblems.BacklogExceeded(
                    string.Create(CultureInfo.InvariantCulture, $"The subscription '{subscription.Name}' of '{topic.Name}' has {bytes} bytes unacknowledged; at most {quota.Bytes} are allowed."));
            }

            await subscription.SkipAsync(Excess(chain, mark, (long)(quota.Bytes * Evicted)), cancellation);
        }

        if (quota.Seconds > 0 && subscription.Backlog > 0 && await AgeAsync(log, mark, cancellation) is { } age && age.TotalSeconds > quota.Seconds)
        {
            if (quota.Action != BacklogAction.Evict)
            {
                return KnownProblems.BacklogExceeded(
                    string.Create(CultureInfo.InvariantCulture, $"The subscription '{subscription.Name}' of '{topic.Name}' has left a message unacknowledged for {age.TotalSeconds:0} s; at most {quota.Seconds} s are allowed."));
            }

            await subscription.ExpireAsync(services.Time.GetUtcNow().AddSeconds(-quota.Seconds), cancellation);
        }

        return null;
    }

    // How many entries behind a mark are to go, so that no more than so many bytes are left.
    private static long Excess(LedgerChain chain, Position mark, long allowed)
    {
        long first = chain.Rank(mark), low = first, high = chain.Entries;
        while (low < high)
        {
            var middle = low + ((high - low) >>> 1);
            if (chain.BytesBehind(chain.At(middle)) > allowed)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - first + 1;
    }

    private async ValueTask<TimeSpan?> AgeAsync(TopicLog log, Position mark, CancellationToken cancellation)
    {
        var read = new List<LogEntry>(1);
        await log.ReadAsync(log.After(mark), 1, 1, read, cancellation);
        return read.Count == 1 && MessageCodec.TryReadHeader(read[0].Data, out var header) ? TimeSpan.FromMilliseconds(services.Logs.Now - header.PublishedAt) : null;
    }

    private async ValueTask TrimAsync(TopicLog log, TopicPolicies policies, CancellationToken cancellation)
    {
        if (topic.Deduplication is { } deduplication)
        {
            await deduplication.StoreAsync(cancellation);
        }

        var acknowledged = Acknowledged(log, policies);
        if (log.Chain.Open is { Confirmed: >= 0 } open && IsWorthSealing(open, log.Last <= acknowledged))
        {
            await log.SealAsync(cancellation);
        }

        var chain = log.Chain;
        var limits = policies.Retention!;
        if (!topic.Subscriptions.AnyOfUsers && limits is { Seconds: 0 } or { Bytes: 0 })
        {
            limits = new RetentionLimits((long)Unclaimed.TotalSeconds, -1);
        }

        if (Retention.Trim(chain.Closed, chain.Open?.Bytes ?? 0, acknowledged, limits, services.Logs.Now) is { } upTo)
        {
            await log.TrimAsync(upTo, cancellation);
        }
    }

    private void Offload(TopicLog log, TopicPolicies policies)
    {
        if (services.Offloader is { } offloader)
        {
            var chain = log.Chain;
            foreach (var ledger in Offloading.Due(chain.Closed, chain.Open?.Bytes ?? 0, policies, services.Logs.Now))
            {
                offloader.Offer(log, ledger);
            }
        }
    }

    private bool IsWorthSealing(OpenLedger open, bool isAcknowledged)
    {
        var age = TimeSpan.FromMilliseconds(services.Logs.Now - open.OpenedAt);
        return age >= services.Options.Logs.MaxLedgerAge || (isAcknowledged && (open.Bytes >= WorthSealing || age >= LongOpen));
    }

    // A topic that is in memory knows since when nobody has used it; of another one its record says when it was last written to.
    private bool IsAbandoned(TimeSpan passed)
    {
        if (topic.Policies.InactiveTopics is not { IsDeleted: true } inactive || topic.IsInUse)
        {
            return false;
        }

        var idleFor = topic.IdleFor;
        if (passed == TimeSpan.Zero && topic.Log is { } log)
        {
            var record = log.Record;
            idleFor = TimeSpan.FromMilliseconds(services.Logs.Now - Math.Max(record.CreatedAt, record.Ledgers.Count > 0 ? record.Ledgers[^1].ClosedAt : 0));
        }

        return idleFor.TotalSeconds >= inactive.Seconds && IsAbandoned(inactive.Mode);
    }

    private bool IsAbandoned(InactiveTopicMode mode)
    {
        foreach (var subscription in topic.Subscriptions.All)
        {
            if ((mode == InactiveTopicMode.WithoutSubscriptions && !ReplicationCursor.IsOne(subscription.Name)) || subscription.Backlog > 0)
            {
                return false;
            }
        }

        return true;
    }
}
