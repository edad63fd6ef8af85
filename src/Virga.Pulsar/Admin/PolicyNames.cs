using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Topics.Policies;

namespace Virga.Pulsar.Admin;

/// <summary>Policies by the names and in the forms of Pulsar's admin API.</summary>
internal static class PolicyNames
{
    private static readonly Dictionary<string, PolicyForm> Forms = new(StringComparer.Ordinal)
    {
        ["retention"] = new(
            static of => of.Retention is { } kept ? new JsonObject { ["retentionTimeInMinutes"] = kept.Seconds > 0 ? kept.Seconds / 60 : kept.Seconds, ["retentionSizeInMB"] = kept.Bytes > 0 ? kept.Bytes >> 20 : kept.Bytes } : null,
            static (of, body) => of with { Retention = body is null ? null : new RetentionLimits(Scaled(body["retentionTimeInMinutes"], 60), Scaled(body["retentionSizeInMB"], 1 << 20)) }),
        ["messageTTL"] = Number(static of => of.TtlSeconds, static (of, value) => of with { TtlSeconds = value }),
        ["backlogQuota"] = new(static of => Quota(of.BacklogQuota), static (of, body) => of with { BacklogQuota = body is null ? null : ReadQuota(body) }),
        ["backlogQuotaMap"] = new(static of => new JsonObject { ["destination_storage"] = Quota(of.BacklogQuota) }, null),
        ["deduplication"] = Flag(static of => of.Deduplication, static (of, value) => of with { Deduplication = value }),
        ["maxProducersPerTopic"] = Number(static of => of.MaxProducers, static (of, value) => of with { MaxProducers = (int?)value }),
        ["maxConsumersPerTopic"] = Number(static of => of.MaxConsumers, static (of, value) => of with { MaxConsumers = (int?)value }),
        ["maxConsumersPerSubscription"] = Number(static of => of.MaxConsumersPerSubscription, static (of, value) => of with { MaxConsumersPerSubscription = (int?)value }),
        ["maxSubscriptionsPerTopic"] = Number(static of => of.MaxSubscriptions, static (of, value) => of with { MaxSubscriptions = (int?)value }),
        ["maxUnackedMessagesPerConsumer"] = Number(static of => of.MaxUnackedPerConsumer, static (of, value) => of with { MaxUnackedPerConsumer = (int?)value }),
        ["maxUnackedMessagesPerSubscription"] = Number(static of => of.MaxUnackedPerSubscription, static (of, value) => of with { MaxUnackedPerSubscription = (int?)value }),
        ["maxMessageSize"] = Number(static of => of.MaxMessageBytes, static (of, value) => of with { MaxMessageBytes = (int?)value }),
        ["compactionThreshold"] = Number(static of => of.CompactionThresholdBytes, static (of, value) => of with { CompactionThresholdBytes = value }),
        ["offloadThreshold"] = Number(static of => of.OffloadThresholdBytes, static (of, value) => of with { OffloadThresholdBytes = value }),
        ["subscriptionExpirationTime"] = Number(
            static of => of.SubscriptionExpirySeconds / 60, static (of, value) => of with { SubscriptionExpirySeconds = value * 60 }),
        ["delayedDelivery"] = new(
            static of => of.DelayedDelivery is { } isActive ? new JsonObject { ["active"] = isActive, ["tickTime"] = 1000 } : null,
            static (of, body) => of with { DelayedDelivery = body?["active"]?.GetValue<bool>() }),
        ["autoTopicCreation"] = new(
            static of => of.AutoCreation is { } made
                ? new JsonObject { ["allowAutoTopicCreation"] = made.IsAllowed, ["topicType"] = made.Partitions > 0 ? "partitioned" : "non-partitioned", ["defaultNumPartitions"] = made.Partitions }
                : null,
            static (of, body) => of with
            {
                AutoCreation = body is null ? null
                    : new AutoCreation(body["allowAutoTopicCreation"]?.GetValue<bool>() == true, body["topicType"]?.ToString() == "partitioned" ? (int)AdminRequest.Long(body["defaultNumPartitions"]) : 0),
            }),
        ["autoSubscriptionCreation"] = new(
            static of => of.AutoSubscriptionCreation is { } isAllowed ? new JsonObject { ["allowAutoSubscriptionCreation"] = isAllowed } : null,
            static (of, body) => of with { AutoSubscriptionCreation = body?["allowAutoSubscriptionCreation"]?.GetValue<bool>() }),
        ["replication"] = new(
            static of => of.ReplicationClusters is { } clusters ? new JsonArray([.. clusters.Select(static cluster => (JsonNode)cluster)]) : null,
            static (of, body) => of with { ReplicationClusters = body is JsonArray clusters ? [.. clusters.Select(static cluster => cluster!.ToString())] : null }),
    };

    // What a topic's policies are called where that is not what its namespace's are.
    private static readonly Dictionary<string, string> OfTopics = new(StringComparer.Ordinal)
    {
        ["deduplicationEnabled"] = "deduplication",
        ["maxProducers"] = "maxProducersPerTopic",
        ["maxConsumers"] = "maxConsumersPerTopic",
        ["maxUnackedMessagesOnConsumer"] = "maxUnackedMessagesPerConsumer",
        ["maxUnackedMessagesOnSubscription"] = "maxUnackedMessagesPerSubscription",
    };

    /// <summary>The form of a policy; null where there is none of that name.</summary>
    public static PolicyForm? Find(string name) => Forms.GetValueOrDefault(OfTopics.GetValueOrDefault(name, name));

    private static PolicyForm Number(Func<TopicPolicies, long?> get, Func<TopicPolicies, long?, TopicPolicies> set) =>
        new(of => get(of) is { } value ? JsonValue.Create(value) : null, (of, body) => set(of, body is null ? null : AdminRequest.Long(body)));

    private static PolicyForm Flag(Func<TopicPolicies, bool?> get, Func<TopicPolicies, bool?, TopicPolicies> set) =>
        new(of => get(of) is { } value ? JsonValue.Create(value) : null, (of, body) => set(of, body is null ? null : bool.TryParse(body.ToString(), out var value) ? value : throw AdminRequest.Invalid("The body is neither true nor false.")));

    private static long Scaled(JsonNode? value, long unit) => AdminRequest.Long(value) is var number && number > 0 ? number * unit : number;

    private static JsonObject? Quota(BacklogQuota? quota) => quota is null ? null : new JsonObject
    {
        ["limitSize"] = quota.Bytes,
        ["limitTime"] = quota.Seconds,
        ["policy"] = JsonSerializer.SerializeToNode(quota.Action, AdminJson.Default.BacklogAction),
    };

    private static BacklogQuota ReadQuota(JsonNode body)
    {
        try
        {
            return new BacklogQuota(
                AdminRequest.Long(body["limitSize"] ?? body["limit"] ?? 0), AdminRequest.Long(body["limitTime"] ?? 0), body["policy"]?.Deserialize(AdminJson.Default.BacklogAction) ?? BacklogAction.Hold);
        }
        catch (JsonException)
        {
            throw AdminRequest.Invalid("The backlog quota has a policy that there is not: use producer_request_hold, producer_exception or consumer_backlog_eviction.");
        }
    }
}
