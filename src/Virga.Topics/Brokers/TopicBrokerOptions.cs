using Virga.Topics.Logs;
using Virga.Topics.Policies;

namespace Virga.Topics.Brokers;

/// <summary>How a node's broker behaves.</summary>
public sealed record TopicBrokerOptions
{
    /// <summary>How logs behave.</summary>
    public TopicLogOptions Logs { get; init; } = new();

    /// <summary>What a cluster is called that has no name.</summary>
    public const string UsualCluster = "standalone";

    /// <summary>The name of the cluster, as geo-replication knows it.</summary>
    public string Cluster { get; init; } = UsualCluster;

    /// <summary>The names of the other clusters that topics can be replicated to.</summary>
    public IReadOnlyList<string> RemoteClusters { get; init; } = [];

    /// <summary>What holds where neither a topic nor its namespace says anything: over <see cref="TopicPolicies.Defaults"/>.</summary>
    public TopicPolicies Policies { get; init; } = TopicPolicies.None;

    /// <summary>Bytes that all producers together may have on their way to the disk before connections stop reading.</summary>
    public long MaxPendingBytes { get; init; } = 256L << 20;

    /// <summary>The same for one producer.</summary>
    public long MaxPendingBytesOfProducer { get; init; } = 16L << 20;

    /// <summary>A topic that nobody has used for so long leaves the memory.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>With more topics than this in memory, those that nobody uses leave it after <see cref="ShortIdleTime"/>.</summary>
    public int MaxIdleTopics { get; init; } = 10_000;

    /// <summary>See <see cref="MaxIdleTopics"/>.</summary>
    public TimeSpan ShortIdleTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often policies are applied to topics in memory.</summary>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many topics that are not in memory are looked at in each of these intervals.</summary>
    public int SweepTopics { get; init; } = 500;

    /// <summary>How many of them are opened at most, since their retention or time to live says that something may go.</summary>
    public int SweepOpens { get; init; } = 20;

    /// <summary>How long a ledger that no topic names is left alone: it may be one that is being begun.</summary>
    public TimeSpan OrphanGrace { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a ledger that no topic names is left alone where several nodes share the store: it may be one that another node begins, or deletes.</summary>
    public TimeSpan AbandonedGrace { get; init; } = TimeSpan.FromMinutes(10);
}
