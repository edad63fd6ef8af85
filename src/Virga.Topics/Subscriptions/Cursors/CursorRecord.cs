using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>What is stored of a durable subscription.</summary>
internal sealed class CursorRecord
{
    public required Position MarkDeleted { get; init; }

    /// <summary>A number of whoever wrote it.</summary>
    public required long Writer { get; init; }

    /// <summary>The subscription's own properties.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>What the consumer last noted with its acknowledgements; empty for nothing.</summary>
    public string Note { get; init; } = "";

    /// <summary>Acknowledged entries behind the mark.</summary>
    public List<EntrySet.Page> Pages { get; } = [];

    /// <summary>Batches of which some messages are acknowledged.</summary>
    public List<KeyValuePair<Position, long[]>> Partial { get; } = [];

    public static string KeyOf(Names.TopicName topic, Names.SubscriptionName subscription) => $"{PrefixOf(topic)}{Uri.EscapeDataString(subscription.Value)}";

    /// <summary>What the keys of a topic's cursors begin with.</summary>
    public static string PrefixOf(Names.TopicName topic) => $"cursor/{topic}/";
}
