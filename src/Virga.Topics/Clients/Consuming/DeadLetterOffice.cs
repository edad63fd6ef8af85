using System.Globalization;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients.Consuming;

/// <summary>Publishes messages to the retry topic and to the dead letters, with the names and properties that Pulsar's clients use, so that theirs and ours take up each other's.</summary>
internal sealed class DeadLetterOffice(TopicClient client, ITopicServer server, DeadLetterPolicy policy, SubscriptionName subscription, TimeProvider time)
{
    /// <summary>How often a message came from the retry topic.</summary>
    public const string ReconsumeTimes = "RECONSUMETIMES";

    private const string DelayTime = "DELAY_TIME";
    private const string RealTopic = "REAL_TOPIC";
    private const string RealSubscription = "REAL_SUBSCRIPTION";
    private const string OriginMessageId = "ORIGIN_MESSAGE_ID";
    private bool _hasSubscription;

    /// <summary>The retry topic of a topic's subscription.</summary>
    public static TopicName RetryTopic(DeadLetterPolicy policy, TopicName topic, SubscriptionName subscription) => policy.RetryTopic ?? Sibling(topic, subscription, "RETRY");

    /// <summary>Publishes a message to the dead letters.</summary>
    public async ValueTask BuryAsync(TopicMessage message, CancellationToken cancellation)
    {
        var topic = policy.DeadLetterTopic ?? Sibling(Origin(message), subscription, "DLQ");
        if (policy.InitialSubscription is { } initial && !_hasSubscription)
        {
            await server.CreateSubscriptionAsync(topic, initial, new MessageId(Position.Latest), cancellation);
            _hasSubscription = true;
        }

        await client.PublishAsync(topic, Copy(message, Properties(message)), cancellation);
    }

    /// <summary>Publishes a message to the retry topic, or to the dead letters when it was there often enough.</summary>
    public async ValueTask RetryAsync(TopicMessage message, TimeSpan delay, CancellationToken cancellation)
    {
        var times = Times(message) + 1;
        if (times > policy.MaxRedeliveries)
        {
            await BuryAsync(message, cancellation);
            return;
        }

        var properties = Properties(message);
        Set(properties, ReconsumeTimes, times.ToString(CultureInfo.InvariantCulture));
        Set(properties, DelayTime, ((long)delay.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        await client.PublishAsync(RetryTopic(policy, Origin(message), subscription), Copy(message, properties) with { DeliverAt = time.GetUtcNow() + delay }, cancellation);
    }

    private static OutgoingMessage Copy(TopicMessage message, IReadOnlyList<KeyValuePair<string, string>> properties) => new()
    {
        Payload = message.Payload,
        Key = message.Key,
        OrderingKey = message.OrderingKey,
        EventAt = message.EventAt,
        IsTombstone = message.IsTombstone,
        Properties = properties,
    };

    private List<KeyValuePair<string, string>> Properties(TopicMessage message)
    {
        List<KeyValuePair<string, string>> properties = [.. message.Properties];
        var id = message.Id;
        SetIfAbsent(properties, RealTopic, message.Topic.ToString());
        SetIfAbsent(properties, RealSubscription, subscription.Value);
        SetIfAbsent(properties, OriginMessageId, id.BatchIndex >= 0 ? $"{id.Position}:{id.Partition}:{id.BatchIndex}" : $"{id.Position}:{id.Partition}");
        return properties;
    }

    private static int Times(TopicMessage message) =>
        Find(message, ReconsumeTimes) is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var times) ? times : 0;

    // A message out of the retry topic belongs to the topic from which it came first.
    private static TopicName Origin(TopicMessage message) =>
        Find(message, RealTopic) is { } text && TopicName.TryParse(text, Scope.Default, out var origin) ? origin.Whole : message.Topic.Whole;

    private static string? Find(TopicMessage message, string name)
    {
        foreach (var (key, value) in message.Properties)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }

    private static void Set(List<KeyValuePair<string, string>> properties, string name, string value)
    {
        properties.RemoveAll(property => property.Key == name);
        properties.Add(new KeyValuePair<string, string>(name, value));
    }

    private static void SetIfAbsent(List<KeyValuePair<string, string>> properties, string name, string value)
    {
        if (!properties.Exists(property => property.Key == name))
        {
            properties.Add(new KeyValuePair<string, string>(name, value));
        }
    }

    private static TopicName Sibling(TopicName topic, SubscriptionName subscription, string suffix)
    {
        try
        {
            return topic.Whole.Sibling($"{topic.Whole.Local}-{subscription}-{suffix}");
        }
        catch (FormatException e)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The subscription '{ResourceName.Shorten(subscription.Value)}' names no topic for its retries and dead letters: {e.Message}", "Name the topics in the dead letter policy."), e);
        }
    }
}
