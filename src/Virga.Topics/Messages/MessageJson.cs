using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Virga.Topics.Messages;

/// <summary>
/// The JSON form of a message, the same wherever one is shown as JSON: to functions that get several at once, over HTTP, on the command line.
/// <c>{"id","topic","key","value","properties","publishTime","eventTime","producer","sequenceId","redeliveries"}</c>, without the members that the message does not have;
/// the payload is <c>value</c> where it is JSON (itself) or UTF-8 (a string), else it is in <c>base64</c>.
/// </summary>
public static class MessageJson
{
    /// <summary>The property by which a producer says what its payload is.</summary>
    public const string ContentTypeProperty = "content-type";

    // Deeper than any document that is meant to be read; deeper ones are shown as text.
    private const int MaxDepth = 64;

    /// <summary>Writes a message as one object.</summary>
    public static void Write(Utf8JsonWriter writer, TopicMessage message)
    {
        writer.WriteStartObject();
        writer.WriteString("id", message.Id.ToString());
        writer.WriteString("topic", message.Topic.ToString());
        if (message.Key is { } key)
        {
            writer.WriteString("key", key);
        }

        WriteValue(writer, message);
        if (message.Properties.Count > 0)
        {
            WriteProperties(writer, message.Properties);
        }

        WriteTime(writer, "publishTime", message.PublishedAt);
        if (message.EventAt is { } happened)
        {
            WriteTime(writer, "eventTime", happened);
        }

        if (message.Producer.Length > 0)
        {
            writer.WriteString("producer", message.Producer);
        }

        writer.WriteNumber("sequenceId", message.SequenceId);
        if (message.Redeliveries > 0)
        {
            writer.WriteNumber("redeliveries", message.Redeliveries);
        }

        writer.WriteEndObject();
    }

    /// <summary>Whether bytes are one JSON value.</summary>
    public static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        // Most of what is none is known by its first byte. The reader looks into texts only when they are asked for.
        var start = bytes.TrimStart(" \t\r\n"u8);
        if (start.IsEmpty || !(start[0] is (byte)'{' or (byte)'[' or (byte)'"' or (byte)'-' or (byte)'t' or (byte)'f' or (byte)'n' || char.IsAsciiDigit((char)start[0])) || !Utf8.IsValid(start))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
            while (reader.Read())
            {
                // To the end: half a value is none.
            }

            return reader.BytesConsumed == bytes.Length;
        }
        catch (JsonException)
        {
            // The question was whether it is: no.
            return false;
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, TopicMessage message)
    {
        var payload = message.Payload.Span;
        if (message.IsTombstone)
        {
            writer.WriteNull("value");
        }
        else if (MayBeJson(message) && IsJson(payload))
        {
            writer.WritePropertyName("value");
            writer.WriteRawValue(payload, skipInputValidation: true);
        }
        else if (Utf8.IsValid(payload))
        {
            writer.WriteString("value", payload);
        }
        else
        {
            writer.WriteBase64String("base64", payload);
        }
    }

    // A payload that is said to be something else stays a text, also where it looks like JSON.
    private static bool MayBeJson(TopicMessage message)
    {
        foreach (var (name, value) in message.Properties)
        {
            if (name == ContentTypeProperty)
            {
                return value.Contains("json", StringComparison.OrdinalIgnoreCase);
            }
        }

        return true;
    }

    private static void WriteProperties(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        writer.WriteStartObject("properties");
        for (var i = 0; i < properties.Count; i++)
        {
            // Pulsar's properties are a list; as an object the last of a name counts, as it does in its clients.
            var isLast = true;
            for (var j = i + 1; j < properties.Count && isLast; j++)
            {
                isLast = properties[j].Key != properties[i].Key;
            }

            if (isLast)
            {
                writer.WriteString(properties[i].Key, properties[i].Value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset time)
    {
        Span<char> text = stackalloc char[32];
        if (!time.UtcDateTime.TryFormat(text, out var written, "yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture))
        {
            throw new InvalidOperationException("A time does not fit its form.");
        }

        writer.WriteString(name, text[..written]);
    }
}
