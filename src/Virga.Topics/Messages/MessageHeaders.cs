using System.Globalization;
using System.Text.Json;
using Virga.Core.Invocations;

namespace Virga.Topics.Messages;

/// <summary>What a function is told of the message that it is called with: headers, as it is told of an HTTP request. See <c>docs/triggers.md</c>.</summary>
/// <param name="message">The message.</param>
/// <param name="contentType">What its payload is.</param>
public sealed class MessageHeaders(TopicMessage message, string contentType) : IHeaderSource
{
    /// <summary>The header with the message's key.</summary>
    public const string Key = "virga-message-key";

    private const string PropertyPrefix = "virga-property-";
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    /// <inheritdoc/>
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        Write(writer, "content-type", contentType);
        Write(writer, "virga-topic", message.Topic.ToString());
        Write(writer, "virga-message-id", message.Id.ToString());
        if (message.Key is { } key)
        {
            Write(writer, Key, key);
        }

        Write(writer, "virga-publish-time", Format(message.PublishedAt));
        if (message.EventAt is { } happened)
        {
            Write(writer, "virga-event-time", Format(happened));
        }

        if (message.Producer.Length > 0)
        {
            Write(writer, "virga-producer", message.Producer);
        }

        Write(writer, "virga-sequence-id", message.SequenceId.ToString(CultureInfo.InvariantCulture));
        Write(writer, "virga-redelivery-count", message.Redeliveries.ToString(CultureInfo.InvariantCulture));
        for (var i = 0; i < message.Properties.Count; i++)
        {
            Write(writer, PropertyPrefix + message.Properties[i].Key.ToLowerInvariant(), message.Properties[i].Value);
        }
    }

    private static string Format(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter writer, string name, string value)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(name);
        writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
