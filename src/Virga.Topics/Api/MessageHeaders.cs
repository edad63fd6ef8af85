using System.Globalization;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary>Reads what the headers of a request say about the message in its body. Texts in them are percent-encoded, as far as they need to be.</summary>
internal static class MessageHeaders
{
    public const string Key = "Virga-Key";
    public const string OrderingKey = "Virga-Ordering-Key";
    public const string Property = "Virga-Property";
    public const string EventTime = "Virga-Event-Time";
    public const string DeliverAt = "Virga-Deliver-At";
    public const string DeliverAfter = "Virga-Deliver-After";
    public const string Producer = "Virga-Producer";
    public const string SequenceId = "Virga-Sequence-Id";

    /// <summary>The message.</summary>
    public static OutgoingMessage Read(HttpContext http, ReadOnlyMemory<byte> payload, TimeProvider time) => new()
    {
        Payload = payload,
        Key = Text(http, Key),
        OrderingKey = Text(http, OrderingKey) is { } ordering ? System.Text.Encoding.UTF8.GetBytes(ordering) : default,
        Properties = Properties(http),
        EventAt = At(http, EventTime),
        DeliverAt = After(http, time) ?? At(http, DeliverAt),
        SequenceId = Number(http, SequenceId),
    };

    /// <summary>The text of a header; null where it is missing.</summary>
    public static string? Text(HttpContext http, string header) => http.Request.Headers[header] switch
    {
        [] => null,
        [var text] => Uri.UnescapeDataString(text ?? ""),
        var several => throw TopicRequest.Invalid($"The header {header} is given {several.Count} times.", "Give it once."),
    };

    private static List<KeyValuePair<string, string>> Properties(HttpContext http)
    {
        var properties = new List<KeyValuePair<string, string>>();

        // What is sent again and again may arrive as one list with commas; a comma of a value's own is percent-encoded.
        foreach (var text in http.Request.Headers[Property].SelectMany(static header => (header ?? "").Split(',', StringSplitOptions.TrimEntries)))
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw TopicRequest.Invalid($"The header {Property} is '{ResourceName.Shorten(text)}'.", "Write it as NAME=VALUE, percent-encoded, and once for each property.");
            }

            properties.Add(new KeyValuePair<string, string>(Uri.UnescapeDataString(text[..equals]), Uri.UnescapeDataString(text[(equals + 1)..])));
        }

        // A form is what curl says of --data when it is told nothing: the user means the text.
        if (http.Request.ContentType is { Length: > 0 } type && !type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            && !properties.Exists(static property => property.Key == MessageJson.ContentTypeProperty))
        {
            properties.Add(new KeyValuePair<string, string>(MessageJson.ContentTypeProperty, type));
        }

        return properties;
    }

    private static DateTimeOffset? At(HttpContext http, string header) => Text(http, header) switch
    {
        null => null,
        var text when TopicRequest.Time(text) is { } time => time,
        var text => throw TopicRequest.Invalid($"The header {header} is '{ResourceName.Shorten(text)}'.", "Use a time such as 2030-01-31T12:00:00Z, or milliseconds since 1970."),
    };

    private static DateTimeOffset? After(HttpContext http, TimeProvider time) => Text(http, DeliverAfter) switch
    {
        null => null,
        var text when Duration.TryParse(text, out var span) => time.GetUtcNow() + span.Span,
        var text => throw TopicRequest.Invalid($"The header {DeliverAfter} is '{ResourceName.Shorten(text)}'.", "Use 250ms, 30s, 2m, 1h or 7d."),
    };

    private static long? Number(HttpContext http, string header) => Text(http, header) switch
    {
        null => null,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        var text => throw TopicRequest.Invalid($"The header {header} is '{ResourceName.Shorten(text)}'.", "Use a number that grows with each message of the producer."),
    };
}
