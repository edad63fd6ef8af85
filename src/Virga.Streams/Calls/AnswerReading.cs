using System.Text;
using System.Text.Json;
using Virga.Streams.Lanes;
using Virga.Topics.Messages;

namespace Virga.Streams.Calls;

/// <summary>
/// What of a function's answer is published: nothing for an empty one and for <c>null</c>; the messages of <c>{"$messages":[{"value", "key", "properties", "eventTime"}, …]}</c>;
/// else the answer itself, as it is. For a batch the answer is an array with such a one for each message.
/// </summary>
internal static class AnswerReading
{
    private const string Messages = "$messages";

    /// <summary>Reads the answer of a call for one work.</summary>
    /// <exception cref="InvalidAnswerException">It cannot be published.</exception>
    public static IReadOnlyList<StreamResult> Read(ReadOnlyMemory<byte> body, string contentType)
    {
        if (body.IsEmpty)
        {
            return [];
        }

        var isJson = contentType.Contains("json", StringComparison.OrdinalIgnoreCase);
        if (isJson && body.Span.IndexOf("$messages"u8) >= 0)
        {
            using var document = Parse(body);
            return Read(document.RootElement);
        }

        if (isJson && body.Span.SequenceEqual("null"u8))
        {
            return [];
        }

        // Whoever reads it would take text or bytes for what they look like.
        IReadOnlyList<KeyValuePair<string, string>> properties = isJson || contentType.Length == 0 ? [] : [new(MessageJson.ContentTypeProperty, contentType)];
        return [new StreamResult(body, null, properties, null)];
    }

    /// <summary>Reads the answer of a call for several works: one entry for each.</summary>
    /// <exception cref="InvalidAnswerException">It is no array of that length, or an entry cannot be published.</exception>
    public static IReadOnlyList<IReadOnlyList<StreamResult>> ReadBatch(ReadOnlyMemory<byte> body, int works)
    {
        // A function that only has effects need not make an array of nothing.
        if (body.IsEmpty || body.Span.SequenceEqual("null"u8))
        {
            return [.. Enumerable.Repeat<IReadOnlyList<StreamResult>>([], works)];
        }

        using var document = Parse(body);
        if (document.RootElement.ValueKind != JsonValueKind.Array || document.RootElement.GetArrayLength() != works)
        {
            var given = document.RootElement.ValueKind == JsonValueKind.Array ? $"an array of {document.RootElement.GetArrayLength()}" : $"no array ({document.RootElement.ValueKind})";
            throw new InvalidAnswerException($"The function got {works} messages and answered {given}: it must answer an array with one entry for each, null where there is nothing to publish.");
        }

        var results = new IReadOnlyList<StreamResult>[works];
        var index = 0;
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            results[index++] = Read(entry);
        }

        return results;
    }

    private static IReadOnlyList<StreamResult> Read(JsonElement answer)
    {
        if (answer.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty(Messages, out var messages) || answer.EnumerateObject().Count() != 1)
        {
            return [new StreamResult(Payload(answer), null, [], null)];
        }

        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() > LaneLimits.Results)
        {
            throw new InvalidAnswerException($"{Messages} must be an array of at most {LaneLimits.Results} messages.");
        }

        return [.. messages.EnumerateArray().Select(Message)];
    }

    private static StreamResult Message(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("value", out var value))
        {
            throw new InvalidAnswerException($"Each of {Messages} must be an object with a value.");
        }

        string? key = null;
        List<KeyValuePair<string, string>> properties = [];
        DateTimeOffset? happened = null;
        foreach (var member in message.EnumerateObject())
        {
            switch (member.Name)
            {
                case "value":
                    break;
                case "key" when member.Value.ValueKind is JsonValueKind.String or JsonValueKind.Null:
                    key = member.Value.GetString();
                    break;
                case "properties" when member.Value.ValueKind == JsonValueKind.Object:
                    properties.AddRange(member.Value.EnumerateObject().Select(static property =>
                        new KeyValuePair<string, string>(property.Name, property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText())));
                    break;
                case "eventTime" when member.Value.ValueKind == JsonValueKind.String && member.Value.TryGetDateTimeOffset(out var time):
                    happened = time;
                    break;
                case "eventTime" when member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt64(out var milliseconds) && milliseconds is >= 0 and < 253_402_300_800_000:
                    happened = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
                    break;
                default:
                    throw new InvalidAnswerException($"'{member.Name}' of one of {Messages} is not what it can be: value, key (text), properties (an object), eventTime (ISO 8601 or milliseconds since 1970).");
            }
        }

        return new StreamResult(Payload(value), key, properties, happened);
    }

    // As ctx.publish does: a text is published as it is, everything else as JSON.
    private static byte[] Payload(JsonElement value) => Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException e)
        {
            throw new InvalidAnswerException($"The function's answer is not valid JSON: {e.Message}");
        }
    }
}
