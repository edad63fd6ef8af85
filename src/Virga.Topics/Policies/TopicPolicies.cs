namespace Virga.Topics.Policies;

/// <summary>
/// The rules of a topic. Each is null where it is not said: a topic's own win over its namespace's, those over <see cref="Defaults"/>.
/// </summary>
public sealed record TopicPolicies
{
    /// <summary>None said.</summary>
    public static TopicPolicies None { get; } = new();

    /// <summary>What holds where nobody says anything.</summary>
    public static TopicPolicies Defaults { get; } = new()
    {
        Retention = RetentionLimits.None,
        TtlSeconds = 0,
        BacklogQuota = new BacklogQuota(0, 0, BacklogAction.Hold),
        Deduplication = false,
        AutoCreation = new AutoCreation(true),
        AutoSubscriptionCreation = true,
        MaxMessageBytes = 5 << 20,
        MaxProducers = 0,
        MaxConsumers = 0,
        MaxConsumersPerSubscription = 0,
        MaxSubscriptions = 0,
        MaxUnackedPerConsumer = 50_000,
        MaxUnackedPerSubscription = 200_000,
        CompactionThresholdBytes = 0,
        OffloadThresholdBytes = -1,
        OffloadAfterSeconds = -1,
        ReplicationClusters = [],
        DelayedDelivery = true,
        SchemaCompatibility = Policies.SchemaCompatibility.Full,
        SubscriptionExpirySeconds = 0,
        InactiveTopics = new InactiveTopics(false),
    };

    /// <summary>How long acknowledged messages are kept.</summary>
    public RetentionLimits? Retention { get; init; }

    /// <summary>After so many seconds a message counts as acknowledged by everybody; 0 for never.</summary>
    public long? TtlSeconds { get; init; }

    /// <summary>How much subscriptions may leave unacknowledged.</summary>
    public BacklogQuota? BacklogQuota { get; init; }

    /// <summary>Whether what a producer repeats, by its name and its messages' numbers, is left out.</summary>
    public bool? Deduplication { get; init; }

    /// <summary>Whether topics are made when they are used. Of namespaces only.</summary>
    public AutoCreation? AutoCreation { get; init; }

    /// <summary>Whether subscriptions are made when they are used.</summary>
    public bool? AutoSubscriptionCreation { get; init; }

    /// <summary>The greatest entry that is taken, in bytes.</summary>
    public int? MaxMessageBytes { get; init; }

    /// <summary>So many producers at a time; 0 for no limit, here and below.</summary>
    public int? MaxProducers { get; init; }

    /// <summary>So many consumers at a time.</summary>
    public int? MaxConsumers { get; init; }

    /// <summary>So many consumers of one subscription at a time.</summary>
    public int? MaxConsumersPerSubscription { get; init; }

    /// <summary>So many subscriptions.</summary>
    public int? MaxSubscriptions { get; init; }

    /// <summary>So many messages on their way to one consumer of a shared subscription before it gets no more.</summary>
    public int? MaxUnackedPerConsumer { get; init; }

    /// <summary>So many messages on their way to all consumers of a shared subscription.</summary>
    public int? MaxUnackedPerSubscription { get; init; }

    /// <summary>Bytes behind the last compaction at which the next one begins; 0 for only when asked.</summary>
    public long? CompactionThresholdBytes { get; init; }

    /// <summary>Bytes in the store of ledgers beyond which the oldest ledgers are offloaded; -1 for never.</summary>
    public long? OffloadThresholdBytes { get; init; }

    /// <summary>The age of a closed ledger at which it is offloaded, in seconds; -1 for never.</summary>
    public long? OffloadAfterSeconds { get; init; }

    /// <summary>The clusters that messages are replicated to, by their names.</summary>
    public IReadOnlyList<string>? ReplicationClusters { get; init; }

    /// <summary>Whether messages that ask for it are delivered later.</summary>
    public bool? DelayedDelivery { get; init; }

    /// <summary>Which new schemas are taken.</summary>
    public SchemaCompatibility? SchemaCompatibility { get; init; }

    /// <summary>How fast each subscription is delivered to; null for as fast as can be.</summary>
    public RateLimit? DispatchRate { get; init; }

    /// <summary>How fast the topic may be published to; null for as fast as can be.</summary>
    public RateLimit? PublishRate { get; init; }

    /// <summary>After so many seconds without a consumer a subscription is removed; 0 for never.</summary>
    public long? SubscriptionExpirySeconds { get; init; }

    /// <summary>Whether a topic that nobody uses is deleted.</summary>
    public InactiveTopics? InactiveTopics { get; init; }

    /// <summary>These, and what they do not say by others.</summary>
    public TopicPolicies Over(TopicPolicies others) => new()
    {
        Retention = Retention ?? others.Retention,
        TtlSeconds = TtlSeconds ?? others.TtlSeconds,
        BacklogQuota = BacklogQuota ?? others.BacklogQuota,
        Deduplication = Deduplication ?? others.Deduplication,
        AutoCreation = AutoCreation ?? others.AutoCreation,
        AutoSubscriptionCreation = AutoSubscriptionCreation ?? others.AutoSubscriptionCreation,
        MaxMessageBytes = MaxMessageBytes ?? others.MaxMessageBytes,
        MaxProducers = MaxProducers ?? others.MaxProducers,
        MaxConsumers = MaxConsumers ?? others.MaxConsumers,
        MaxConsumersPerSubscription = MaxConsumersPerSubscription ?? others.MaxConsumersPerSubscription,
        MaxSubscriptions = MaxSubscriptions ?? others.MaxSubscriptions,
        MaxUnackedPerConsumer = MaxUnackedPerConsumer ?? others.MaxUnackedPerConsumer,
        MaxUnackedPerSubscription = MaxUnackedPerSubscription ?? others.MaxUnackedPerSubscription,
        CompactionThresholdBytes = CompactionThresholdBytes ?? others.CompactionThresholdBytes,
        OffloadThresholdBytes = OffloadThresholdBytes ?? others.OffloadThresholdBytes,
        OffloadAfterSeconds = OffloadAfterSeconds ?? others.OffloadAfterSeconds,
        ReplicationClusters = ReplicationClusters ?? others.ReplicationClusters,
        DelayedDelivery = DelayedDelivery ?? others.DelayedDelivery,
        SchemaCompatibility = SchemaCompatibility ?? others.SchemaCompatibility,
        DispatchRate = DispatchRate ?? others.DispatchRate,
        PublishRate = PublishRate ?? others.PublishRate,
        SubscriptionExpirySeconds = SubscriptionExpirySeconds ?? others.SubscriptionExpirySeconds,
        InactiveTopics = InactiveTopics ?? others.InactiveTopics,
    };
}
