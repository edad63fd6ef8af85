using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary>One line of a batch: a message as JSON, in the form in which <see cref="MessageJson"/> shows them.</summary>
internal static class MessageLine
{
    /// <summary>Reads a line; null for an empty one.</summary>
    /// <exception cref="ProblemException">It is no message; says which line and why.</exception>
    public static OutgoingMessage? Parse(ReadOnlySequence<byte> line, long number, TimeProvider time)
    {
        if (line.Length == 0 || (line.Length == 1 && line.FirstSpan[0] == (byte)'\r'))
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(line);
            var members = JsonNode.Parse(ref reader) as JsonObject ?? throw Bad(number, "is no JSON object.");
            return new OutgoingMessage
            {
                Payload = Payload(members, number, out var isTombstone),
                IsTombstone = isTombstone,
                Key = TopicBody.Text(members, "key"),
                OrderingKey = TopicBody.Text(members, "orderingKey") is { } ordering ? Encoding.UTF8.GetBytes(ordering) : default,
                Properties = members["properties"] is JsonObject properties ? [.. properties.Select(property => new KeyValuePair<string, string>(property.Key, property.Value?.ToString() ?? ""))] : [],
                EventAt = At(members, "eventTime", number),
                DeliverAt = After(members, number, time) ?? At(members, "deliverAt", number),
                SequenceId = members["sequenceId"]?.GetValue<long>(),
            };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw Bad(number, "is no message as JSON.", e);
        }
    }

    private static ReadOnlyMemory<byte> Payload(JsonObject members, long number, out bool isTombstone)
    {
        isTombstone = false;
        if (TopicBody.Text(members, "base64") is { } base64)
        {
            try
            {
                return Convert.FromBase64String(base64);
            }
            catch (FormatException e)
            {
                throw Bad(number, "has no base64 as 'base64'.", e);
            }
        }

        if (!members.TryGetPropertyValue("value", out var value))
        {
            throw Bad(number, "has neither 'value' nor 'base64'.");
        }

        isTombstone = value is null;
        return value is null ? default
            : value.GetValueKind() == JsonValueKind.String ? Encoding.UTF8.GetBytes(value.GetValue<string>())
            : Encoding.UTF8.GetBytes(value.ToJsonString());
    }

    private static DateTimeOffset? At(JsonObject members, string member, long number) => members[member]?.ToString() switch
    {
        null => null,
        var text when TopicRequest.Time(text) is { } time => time,
        _ => throw Bad(number, $"has no time as '{member}'."),
    };

    private static DateTimeOffset? After(JsonObject members, long number, TimeProvider time) => TopicBody.Text(members, "deliverAfter") switch
    {
        null => null,
        var text when Duration.TryParse(text, out var span) => time.GetUtcNow() + span.Span,
        _ => throw Bad(number, "has no duration as 'deliverAfter'."),
    };

    private static ProblemException Bad(long number, string what, Exception? inner = null) =>
        new(KnownProblems.InvalidRequest($"Line {number} {what}", "Send lines such as {\"key\":\"a\",\"value\":{\"n\":1}}."), inner);
}
