using Virga.Topics.Logs;
using Virga.Topics.Policies;

namespace Virga.Topics.Brokers;

/// <summary>
/// Looks at all topics that this node owns and does not have in memory, a part in each round and then from the beginning: where time alone makes something of a topic go, it is opened, and its policies do the rest.
/// </summary>
internal sealed class TopicSweep(TopicBroker broker, TopicServices services, TopicCatalogue catalogue)
{
    private string _prefix = TopicRecord.TopicPrefix;
    private string? _after;

    public async ValueTask StepAsync(CancellationToken cancellation)
    {
        var (topics, opens) = (services.Options.SweepTopics, services.Options.SweepOpens);
        for (var wraps = 0; topics > 0 && opens > 0 && wraps < 2;)
        {
            var page = await catalogue.SweepAsync(_prefix, _after, topics, cancellation);
            foreach (var (found, record, key) in page)
            {
                _after = key;
                if (found is { } name && record.Partitions == 0 && broker.IsMine(name) && await broker.FindAsync(name, cancellation) is null && IsDue(name, record))
                {
                    await VisitAsync(name, cancellation);
                    if (--opens == 0)
                    {
                        return;
                    }
                }
            }

            if (page.Count < topics)
            {
                (_prefix, _after) = (_prefix == TopicRecord.TopicPrefix ? TopicRecord.PartitionPrefix : TopicRecord.TopicPrefix, null);
                wraps++;
            }

            topics -= page.Count;
        }
    }

    private async ValueTask VisitAsync(Names.TopicName name, CancellationToken cancellation)
    {
        var topic = await broker.GetAsync(name, TopicCreation.Never, cancellation);
        await topic.Upkeep.RoundAsync(TimeSpan.Zero, cancellation);
        if (!topic.IsInUse && !(topic.Log is { } log && services.Offloader?.IsBusyWith(log) == true))
        {
            await topic.UnloadAsync(cancellation);
        }
    }

    private bool IsDue(Names.TopicName name, TopicRecord record)
    {
        var policies = services.Policies.Of(name);
        var now = services.Logs.Now;
        if (!name.IsPersistent && record.IsAutomatic && now - record.CreatedAt > services.Options.IdleTime.TotalMilliseconds)
        {
            return true;
        }

        if (policies.InactiveTopics is { IsDeleted: true } inactive && now - record.CreatedAt > inactive.Seconds * 1000)
        {
            return true;
        }

        if (record.Ledgers.Count == 0)
        {
            return false;
        }

        // A ledger that was left open by a crash is recovered by opening; it counts as closed when it was begun.
        var oldest = record.Ledgers[0];
        var age = now - (oldest.IsOpen ? oldest.OpenedAt : oldest.ClosedAt);
        return (policies.TtlSeconds > 0 && age > policies.TtlSeconds * 1000)
            || (policies.Retention is { Seconds: > 0 } retention && age > retention.Seconds * 1000)
            || (services.Offloader is not null && Offloading.Due([.. record.Ledgers], 0, policies, now).Count > 0)
            || (policies.SubscriptionExpirySeconds > 0 && age > policies.SubscriptionExpirySeconds * 1000);
    }
}
