using System.Globalization;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Streams.Lanes;
using Virga.Topics.Messages;

namespace Virga.Streams.Calls;

/// <summary>Says of the body of a call what it is and where it came from.</summary>
/// <param name="stream">The stream function's name.</param>
/// <param name="single">The message where the body is that of one; null where it is several.</param>
internal sealed class StreamHeaders(string stream, StreamMessage? single) : IHeaderSource
{
    /// <inheritdoc/>
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        Write(writer, "content-type", single is null ? "application/json" : ContentType(single.Message));
        Write(writer, "virga-stream", stream);
        if (single?.Message is { } message)
        {
            Write(writer, "virga-topic", message.Topic.ToString());
            Write(writer, "virga-message-id", message.Id.ToString());
            Write(writer, "x-virga-publish-time", message.PublishedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
            if (message.Key is { } key)
            {
                Write(writer, "virga-message-key", key);
            }
        }
    }

    private static string ContentType(TopicMessage message)
    {
        foreach (var (name, value) in message.Properties)
        {
            // What a producer wrote must not end a header.
            if (name == MessageJson.ContentTypeProperty && value.Length is > 0 and < 256 && !value.Any(char.IsControl))
            {
                return value;
            }
        }

        return MessageJson.IsJson(message.Payload.Span) ? "application/json" : "application/octet-stream";
    }

    private static void Write(Utf8JsonWriter writer, string name, string value)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(name);
        writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
