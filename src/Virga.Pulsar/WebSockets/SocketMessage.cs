using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Topics.Messages;

namespace Virga.Pulsar.WebSockets;

/// <summary>A message as consumers and readers of sockets get it.</summary>
internal static class SocketMessage
{
    public static JsonObject Write(TopicMessage message)
    {
        var written = new JsonObject
        {
            ["messageId"] = MessageIdText.Write(message.Id),
            ["payload"] = Convert.ToBase64String(message.Payload.Span),
            ["properties"] = new JsonObject(message.Properties.DistinctBy(static property => property.Key).Select(static property => KeyValuePair.Create(property.Key, (JsonNode?)property.Value))),
            ["publishTime"] = Time(message.PublishedAt),
            ["redeliveryCount"] = message.Redeliveries,
        };
        if (message.EventAt is { } happened)
        {
            written["eventTime"] = Time(happened);
        }

        if (message.Key is { } key)
        {
            written["key"] = key;
        }

        return written;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
