using Virga.Topics.Compaction;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <summary>How a topic or partition stands. Counts begin when it came into its owner's memory.</summary>
public sealed record TopicFigures
{
    /// <summary>Its name.</summary>
    public required TopicName Name { get; init; }

    /// <summary>When it came into memory.</summary>
    public DateTimeOffset OpenedAt { get; init; }

    /// <summary>Whether nothing is published to it any more.</summary>
    public bool IsTerminated { get; init; }

    /// <summary>Messages published, whether their producers are still there or not.</summary>
    public long MessagesIn { get; init; }

    /// <summary>Bytes of their entries.</summary>
    public long BytesIn { get; init; }

    /// <summary>Messages published per second, of late.</summary>
    public double MessageRateIn { get; init; }

    /// <summary>Bytes published per second, of late.</summary>
    public double ByteRateIn { get; init; }

    /// <summary>Messages delivered to the subscriptions that it has, redelivered ones included.</summary>
    public long MessagesOut { get; init; }

    /// <summary>Bytes of their entries.</summary>
    public long BytesOut { get; init; }

    /// <summary>Messages delivered per second, of late.</summary>
    public double MessageRateOut { get; init; }

    /// <summary>Bytes delivered per second, of late.</summary>
    public double ByteRateOut { get; init; }

    /// <summary>Bytes of the entries that are kept.</summary>
    public long StorageBytes { get; init; }

    /// <summary>How many entries are kept; a batch is one.</summary>
    public long Entries { get; init; }

    /// <summary>The first entry that is kept.</summary>
    public Position First { get; init; }

    /// <summary>The last entry.</summary>
    public Position Last { get; init; }

    /// <summary>Entries that the slowest subscription has not acknowledged.</summary>
    public long Backlog { get; init; }

    /// <summary>Bytes behind what the slowest subscription that lasts has acknowledged; within a ledger by the mean size of its entries.</summary>
    public long BacklogBytes { get; init; }

    /// <summary>Whether messages that a producer sends twice are kept once.</summary>
    public bool IsDeduplicated { get; init; }

    /// <summary>Its ledgers, in their order.</summary>
    public IReadOnlyList<LedgerFigures> Ledgers { get; init; } = [];

    /// <summary>Who publishes.</summary>
    public IReadOnlyList<ProducerFigures> Producers { get; init; } = [];

    /// <summary>Its subscriptions, by name.</summary>
    public IReadOnlyList<SubscriptionFigures> Subscriptions { get; init; } = [];

    /// <summary>Its replication to other clusters, by their names.</summary>
    public IReadOnlyList<ReplicationFigures> Replication { get; init; } = [];

    /// <summary>How its compaction stands.</summary>
    public required CompactionStatus Compaction { get; init; }
}

/// <summary>One ledger of a topic.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Entries">How many entries it holds; of the open one, those that are confirmed.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="OpenedAt">When it was begun.</param>
/// <param name="ClosedAt">When it was closed; null while it is open.</param>
/// <param name="OffloadedTo">Where its entries are since they were offloaded; null while they are in the store of ledgers.</param>
public sealed record LedgerFigures(long Id, long Entries, long Bytes, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt, string? OffloadedTo)
{
    internal static IReadOnlyList<LedgerFigures> Of(TopicLog log)
    {
        var chain = log.Chain;
        var figures = new List<LedgerFigures>(chain.Closed.Length + 1);
        foreach (var ledger in chain.Closed)
        {
            figures.Add(new LedgerFigures(ledger.Id, ledger.Entries, ledger.Bytes, Time(ledger.OpenedAt), Time(ledger.ClosedAt), ledger.OffloadedTo));
        }

        if (chain.Open is { } open)
        {
            figures.Add(new LedgerFigures(open.Id, open.Confirmed + 1, open.Bytes, Time(open.OpenedAt), null, null));
        }

        return figures;
    }

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
