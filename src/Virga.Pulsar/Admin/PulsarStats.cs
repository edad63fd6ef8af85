using System.Text.Json.Nodes;

namespace Virga.Pulsar.Admin;

/// <summary>How topics stand, in the forms of Pulsar's admin API.</summary>
internal static class PulsarStats
{
    /// <summary>Of a topic or partition, from our own form.</summary>
    public static JsonObject Of(JsonObject stats) => new()
    {
        ["msgRateIn"] = Number(stats, "messagesInRate"),
        ["msgThroughputIn"] = Number(stats, "bytesInRate"),
        ["msgRateOut"] = Number(stats, "messagesOutRate"),
        ["msgThroughputOut"] = Number(stats, "bytesOutRate"),
        ["bytesInCounter"] = Count(stats, "bytesIn"),
        ["msgInCounter"] = Count(stats, "messagesIn"),
        ["bytesOutCounter"] = Count(stats, "bytesOut"),
        ["msgOutCounter"] = Count(stats, "messagesOut"),
        ["averageMsgSize"] = Count(stats, "messagesIn") is > 0 and var messages ? Number(stats, "bytesIn") / messages : 0,
        ["storageSize"] = Count(stats, "storageBytes"),
        ["backlogSize"] = Count(stats, "backlogBytes"),
        ["publishers"] = new JsonArray([.. Items(stats, "producers").Select(Publisher)]),
        ["subscriptions"] = new JsonObject(Items(stats, "subscriptions").Select(static item => KeyValuePair.Create(Text(item, "name"), (JsonNode?)Subscription(item)))),
        ["replication"] = new JsonObject(Items(stats, "replication").Select(static item => KeyValuePair.Create(Text(item, "cluster"), (JsonNode?)Replication(item)))),
        ["ownerBroker"] = Text(stats, "owner"),
        ["deduplicationStatus"] = stats["isDeduplicated"]?.GetValue<bool>() == true ? "Enabled" : "Disabled",
    };

    /// <summary>Of what a topic consists.</summary>
    public static JsonObject Internals(JsonObject stats)
    {
        var ledgers = Items(stats, "ledgers").ToList();
        return new JsonObject
        {
            ["entriesAddedCounter"] = Count(stats, "messagesIn"),
            ["numberOfEntries"] = Count(stats, "entries"),
            ["totalSize"] = Count(stats, "storageBytes"),
            ["currentLedgerEntries"] = ledgers is [.., var current] ? Count(current, "entries") : 0,
            ["currentLedgerSize"] = ledgers is [.., var open] ? Count(open, "bytes") : 0,
            ["lastConfirmedEntry"] = Text(stats, "last"),
            ["state"] = stats["isTerminated"]?.GetValue<bool>() == true ? "Terminated" : "LedgerOpened",
            ["ledgers"] = new JsonArray([.. ledgers.Select(static ledger => (JsonNode)new JsonObject
            {
                ["ledgerId"] = Count(ledger, "id"), ["entries"] = Count(ledger, "entries"), ["size"] = Count(ledger, "bytes"), ["offloaded"] = ledger["offloadedTo"] is not null,
            })]),
            ["cursors"] = new JsonObject(Items(stats, "subscriptions").Select(static item => KeyValuePair.Create(Text(item, "name"), (JsonNode?)new JsonObject
            {
                ["markDeletePosition"] = Text(item, "acknowledgedUpTo"),
                ["readPosition"] = Text(item, "readsNext"),
                ["state"] = "Open",
            }))),
        };
    }

    private static JsonObject Replication(JsonObject cluster) => new()
    {
        ["msgRateOut"] = Number(cluster, "messageRate"),
        ["msgThroughputOut"] = Number(cluster, "byteRate"),
        ["replicationBacklog"] = Count(cluster, "backlog"),
        ["connected"] = cluster["isConnected"]?.GetValue<bool>() == true,
    };

    private static JsonNode Publisher(JsonObject producer) => new JsonObject
    {
        ["producerId"] = Count(producer, "id"),
        ["producerName"] = Text(producer, "name"),
        ["accessMode"] = Text(producer, "access"),
        ["msgRateIn"] = Number(producer, "messageRate"),
        ["msgThroughputIn"] = Number(producer, "byteRate"),
        ["metadata"] = producer["properties"]?.DeepClone(),
    };

    private static JsonObject Subscription(JsonObject item) => new()
    {
        ["type"] = TypeOf(item),
        ["msgBacklog"] = Count(item, "backlog"),
        ["msgBacklogNoDelayed"] = Math.Max(0, Count(item, "backlog") - Count(item, "delayed")),
        ["msgDelayed"] = Count(item, "delayed"),
        ["unackedMessages"] = Count(item, "unacknowledged"),
        ["blockedSubscriptionOnUnackedMsgs"] = item["isBlocked"]?.GetValue<bool>() == true,
        ["msgOutCounter"] = Count(item, "messages"),
        ["bytesOutCounter"] = Count(item, "bytes"),
        ["totalMsgExpired"] = Count(item, "expired"),
        ["msgDropRate"] = 0,
        ["isDurable"] = item["isDurable"]?.GetValue<bool>() == true,
        ["subscriptionProperties"] = item["properties"]?.DeepClone(),
        ["consumers"] = new JsonArray([.. Items(item, "consumers").Select(static consumer => (JsonNode)new JsonObject
        {
            ["consumerName"] = Text(consumer, "name"),
            ["availablePermits"] = Count(consumer, "permits"),
            ["unackedMessages"] = Count(consumer, "unacknowledged"),
            ["blockedConsumerOnUnackedMsgs"] = consumer["isBlocked"]?.GetValue<bool>() == true,
            ["msgOutCounter"] = Count(consumer, "messages"),
            ["bytesOutCounter"] = Count(consumer, "bytes"),
            ["connectedSince"] = consumer["since"]?.DeepClone(),
        })]),
    };

    private static string? TypeOf(JsonObject item) => item["type"]?.ToString() switch
    {
        "exclusive" => "Exclusive",
        "shared" => "Shared",
        "failover" => "Failover",
        "key_shared" => "Key_Shared",
        _ => null,
    };

    private static IEnumerable<JsonObject> Items(JsonObject of, string member) => (of[member] as JsonArray ?? []).OfType<JsonObject>();

    private static string Text(JsonObject of, string member) => of[member]?.ToString() ?? "";

    private static double Number(JsonObject of, string member) => of[member]?.GetValue<double>() ?? 0;

    private static long Count(JsonObject of, string member) => (long)Number(of, member);
}
