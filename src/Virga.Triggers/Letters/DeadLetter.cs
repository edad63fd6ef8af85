using System.Globalization;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Triggers.Dispatching;

namespace Virga.Triggers.Letters;

/// <summary>What a message becomes for which the function has failed too often: itself, with why in properties. The first three are those of Pulsar's clients.</summary>
internal static class DeadLetter
{
    private const int MostOfCause = 1000;

    /// <summary>Where it goes; null when the trigger drops dead letters.</summary>
    /// <exception cref="FormatException">No topic can have the name that follows from that of the message's topic.</exception>
    public static TopicName? TopicOf(TriggerDefinition trigger, SubscriptionName subscription, TopicMessage message) => trigger.Spec.DeadLetter switch
    {
        TriggerSpec.DropDeadLetters => null,
        { } name => TopicName.Parse(name, trigger.Name.Scope),
        null => TopicOf(message.Topic.Whole, subscription),
    };

    /// <summary>Where dead letters of a topic go unless it is said.</summary>
    /// <exception cref="FormatException">No topic can have such a name.</exception>
    public static TopicName TopicOf(TopicName topic, SubscriptionName subscription) => topic.Sibling($"{topic.Local}-{subscription}-DLQ");

    /// <summary>What is published.</summary>
    public static OutgoingMessage Make(TriggerDefinition trigger, SubscriptionName subscription, HeldMessage held)
    {
        var message = held.Message;
        var detail = held.Cause?.Detail ?? held.Cause?.Title ?? "";
        return new OutgoingMessage
        {
            Payload = message.Payload,
            Key = message.Key,
            OrderingKey = message.OrderingKey,
            EventAt = message.EventAt,
            IsTombstone = message.IsTombstone,
            Properties =
            [
                .. message.Properties.Where(static property => !IsOwn(property.Key)),
                new("REAL_TOPIC", message.Topic.ToString()),
                new("REAL_SUBSCRIPTION", subscription.Value),
                new("ORIGIN_MESSAGE_ID", message.Id.ToString()),
                new("virga-trigger", trigger.Name.Name.Value),
                new("virga-function", trigger.Spec.Function),
                new("virga-attempts", held.Failures.ToString(CultureInfo.InvariantCulture)),
                new("virga-cause", held.Cause?.Slug ?? "unknown"),
                new("virga-cause-detail", detail.Length <= MostOfCause ? detail : detail[..MostOfCause]),
            ],
        };
    }

    // A dead letter that is consumed and fails again tells of its last failure only.
    private static bool IsOwn(string property) =>
        property is "REAL_TOPIC" or "REAL_SUBSCRIPTION" or "ORIGIN_MESSAGE_ID" or "virga-trigger" or "virga-function" or "virga-attempts" or "virga-cause" or "virga-cause-detail";
}
