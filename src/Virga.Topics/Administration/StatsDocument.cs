using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Core.Names;
using Virga.Topics.Api;
using Virga.Topics.Brokers;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Administration;

/// <summary>The JSON form of how a topic stands. Counts begin when the topic came into its owner's memory.</summary>
internal static class StatsDocument
{
    private static readonly string[] Sums = ["messagesIn", "bytesIn", "messagesInRate", "bytesInRate", "messagesOut", "bytesOut", "messagesOutRate", "bytesOutRate", "storageBytes", "entries", "backlog", "backlogBytes"];
    private static readonly string[] ReplicationSums = ["backlog", "messages", "bytes", "messageRate", "byteRate"];
    private static readonly string[] SubscriptionSums = ["backlog", "unacknowledged", "delayed", "waiting", "messages", "bytes", "redelivered", "dropped", "expired"];

    /// <summary>Of a topic or partition that this node owns.</summary>
    public static JsonObject Of(Topic topic, NodeName owner, DateTimeOffset now)
    {
        var figures = topic.Figures();
        return new JsonObject
        {
            ["topic"] = figures.Name.ToString(),
            ["partitions"] = 0,
            ["time"] = Time(now),
            ["owner"] = owner.Value,
            ["openedAt"] = Time(figures.OpenedAt),
            ["isTerminated"] = figures.IsTerminated,
            ["messagesIn"] = figures.MessagesIn,
            ["bytesIn"] = figures.BytesIn,
            ["messagesInRate"] = figures.MessageRateIn,
            ["bytesInRate"] = figures.ByteRateIn,
            ["messagesOut"] = figures.MessagesOut,
            ["bytesOut"] = figures.BytesOut,
            ["messagesOutRate"] = figures.MessageRateOut,
            ["bytesOutRate"] = figures.ByteRateOut,
            ["storageBytes"] = figures.StorageBytes,
            ["entries"] = figures.Entries,
            ["backlog"] = figures.Backlog,
            ["backlogBytes"] = figures.BacklogBytes,
            ["isDeduplicated"] = figures.IsDeduplicated,
            ["first"] = figures.First.ToString(),
            ["last"] = figures.Last.ToString(),
            ["ledgers"] = new JsonArray([.. figures.Ledgers.Select(Of)]),
            ["compaction"] = JsonSerializer.SerializeToNode(figures.Compaction.State, StatsJson.Default.CompactionState),
            ["producers"] = new JsonArray([.. figures.Producers.Select(Of)]),
            ["subscriptions"] = new JsonArray([.. figures.Subscriptions.Select(Of)]),
            ["replication"] = new JsonArray([.. figures.Replication.Select(Of)]),
        };
    }

    /// <summary>Of a topic with partitions: sums, and what is of one partition alone under <c>parts</c>.</summary>
    public static JsonObject Merge(TopicName topic, IReadOnlyList<JsonObject> parts)
    {
        var merged = new JsonObject
        {
            ["topic"] = topic.ToString(),
            ["partitions"] = parts.Count,
            ["time"] = parts[^1]["time"]?.DeepClone(),
            ["isTerminated"] = parts.All(static part => part["isTerminated"]?.GetValue<bool>() == true),
            ["isDeduplicated"] = parts.All(static part => part["isDeduplicated"]?.GetValue<bool>() == true),
        };
        foreach (var sum in Sums)
        {
            merged[sum] = parts.Sum(part => Number(part[sum]));
        }

        var replication = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var (producers, subscriptions) = (new JsonArray(), new Dictionary<string, JsonObject>(StringComparer.Ordinal));
        foreach (var part in parts)
        {
            foreach (var producer in part["producers"]?.AsArray() ?? [])
            {
                // One publisher has a producer in each partition.
                if (!producers.Any(known => known!["name"]?.GetValue<string>() == producer!["name"]?.GetValue<string>()))
                {
                    producers.Add(producer!.DeepClone());
                }
            }

            foreach (var subscription in (part["subscriptions"]?.AsArray() ?? []).OfType<JsonObject>())
            {
                Add(subscriptions, subscription);
            }

            foreach (var cluster in (part["replication"]?.AsArray() ?? []).OfType<JsonObject>())
            {
                AddReplication(replication, cluster);
            }
        }

        merged["producers"] = producers;
        merged["subscriptions"] = new JsonArray([.. subscriptions.Values]);
        merged["replication"] = new JsonArray([.. replication.Values]);
        merged["parts"] = new JsonArray([.. parts.Select(static part => part.DeepClone())]);
        return merged;
    }

    private static void Add(Dictionary<string, JsonObject> subscriptions, JsonObject subscription)
    {
        var name = subscription["name"]!.GetValue<string>();
        if (!subscriptions.TryGetValue(name, out var merged))
        {
            subscriptions.Add(name, (JsonObject)subscription.DeepClone());
            return;
        }

        merged["type"] ??= subscription["type"]?.DeepClone();
        foreach (var sum in SubscriptionSums)
        {
            merged[sum] = Number(merged[sum]) + Number(subscription[sum]);
        }

        var consumers = merged["consumers"]!.AsArray();
        foreach (var consumer in subscription["consumers"]?.AsArray() ?? [])
        {
            if (!consumers.Any(known => known!["name"]?.GetValue<string>() == consumer!["name"]?.GetValue<string>()))
            {
                consumers.Add(consumer!.DeepClone());
            }
        }
    }

    // Of a topic with partitions it is connected when all of them are.
    private static void AddReplication(Dictionary<string, JsonObject> clusters, JsonObject replication)
    {
        var name = replication["cluster"]!.GetValue<string>();
        if (!clusters.TryGetValue(name, out var merged))
        {
            clusters.Add(name, (JsonObject)replication.DeepClone());
            return;
        }

        merged["isConnected"] = merged["isConnected"]?.GetValue<bool>() == true && replication["isConnected"]?.GetValue<bool>() == true;
        merged["problem"] ??= replication["problem"]?.DeepClone();
        foreach (var sum in ReplicationSums)
        {
            merged[sum] = Number(merged[sum]) + Number(replication[sum]);
        }
    }

    private static double Number(JsonNode? value) => value?.GetValue<double>() ?? 0;

    private static JsonNode Of(ReplicationFigures replication) => new JsonObject
    {
        ["cluster"] = replication.Cluster,
        ["isConnected"] = replication.IsConnected,
        ["backlog"] = replication.Backlog,
        ["messages"] = replication.Messages,
        ["bytes"] = replication.Bytes,
        ["messageRate"] = replication.MessageRate,
        ["byteRate"] = replication.ByteRate,
        ["problem"] = replication.Problem,
    };

    private static JsonNode Of(LedgerFigures ledger) => new JsonObject
    {
        ["id"] = ledger.Id,
        ["entries"] = ledger.Entries,
        ["bytes"] = ledger.Bytes,
        ["openedAt"] = Time(ledger.OpenedAt),
        ["closedAt"] = Time(ledger.ClosedAt),
        ["offloadedTo"] = ledger.OffloadedTo,
    };

    private static JsonNode Of(ProducerFigures producer) => new JsonObject
    {
        ["id"] = producer.Id,
        ["name"] = producer.Name,
        ["access"] = producer.Access.ToString(),
        ["messages"] = producer.Messages,
        ["bytes"] = producer.Bytes,
        ["messageRate"] = producer.MessageRate,
        ["byteRate"] = producer.ByteRate,
        ["pendingBytes"] = producer.PendingBytes,
        ["properties"] = Of(producer.Properties),
    };

    private static JsonObject Of(IReadOnlyList<KeyValuePair<string, string>> properties) =>
        new(properties.DistinctBy(static property => property.Key).Select(static property => KeyValuePair.Create(property.Key, (JsonNode?)property.Value)));

    private static JsonNode Of(SubscriptionFigures subscription) => new JsonObject
    {
        ["name"] = subscription.Name.Value,
        ["type"] = TopicRequest.NameOf(subscription.Type),
        ["isDurable"] = subscription.IsDurable,
        ["backlog"] = subscription.Backlog,
        ["unacknowledged"] = subscription.Unacknowledged,
        ["isBlocked"] = subscription.IsBlocked,
        ["delayed"] = subscription.Delayed,
        ["waiting"] = subscription.Waiting,
        ["messages"] = subscription.Messages,
        ["bytes"] = subscription.Bytes,
        ["redelivered"] = subscription.Redelivered,
        ["dropped"] = subscription.Dropped,
        ["expired"] = subscription.Expired,
        ["acknowledgedUpTo"] = subscription.MarkDeleted.ToString(),
        ["readsNext"] = subscription.ReadPosition.ToString(),
        ["deliveredAt"] = Time(subscription.DeliveredAt),
        ["acknowledgedAt"] = Time(subscription.AcknowledgedAt),
        ["properties"] = Of(subscription.Properties),
        ["consumers"] = new JsonArray([.. subscription.Consumers.Select(static consumer => Of(consumer))]),
    };

    private static JsonNode Of(ConsumerFigures consumer) => new JsonObject
    {
        ["name"] = consumer.Name,
        ["priority"] = consumer.Priority,
        ["isActive"] = consumer.IsActive,
        ["isBlocked"] = consumer.IsBlocked,
        ["permits"] = consumer.Permits,
        ["unacknowledged"] = consumer.Unacknowledged,
        ["messages"] = consumer.Messages,
        ["bytes"] = consumer.Bytes,
        ["redelivered"] = consumer.Redelivered,
        ["acknowledged"] = consumer.Acknowledged,
        ["since"] = Time(consumer.Since),
        ["deliveredAt"] = Time(consumer.DeliveredAt),
        ["acknowledgedAt"] = Time(consumer.AcknowledgedAt),
    };

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
