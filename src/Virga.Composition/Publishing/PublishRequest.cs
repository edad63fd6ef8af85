using Virga.Core.Problems;
using Virga.Core.Topics;
using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.Composition.Publishing;

/// <summary>Reads a request to publish messages: see <c>docs/worker-protocol.md</c>.</summary>
internal static class PublishRequest
{
    /// <summary>The greatest number of messages in one request.</summary>
    public const int MaxMessages = 10_000;

    private const int LeastBytes = 5;
    private const int HasKey = 1;
    private const int HasProperties = 2;
    private const int HasEventTime = 4;
    private const int HasDelay = 8;
    private const int HasSequenceId = 16;
    private const int HasProducer = 32;
    private const int AllFlags = 63;

    private static readonly ulong MaxUnixMilliseconds = (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The messages, in their order; their payloads are copies, because a message may be under way when the request's memory is used again.</summary>
    /// <exception cref="StateEncodingException">The request cannot be read.</exception>
    /// <exception cref="ProblemException">It is more than one request may hold.</exception>
    public static FunctionPublication[] Read(ReadOnlySpan<byte> request)
    {
        var reader = new ByteReader(request);
        var count = reader.ReadCount(LeastBytes);
        if (count is 0 or > MaxMessages)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The request has {count} messages; 1 to {MaxMessages:N0} are allowed.", "Publish fewer messages at a time."));
        }

        var publications = new FunctionPublication[count];
        for (var i = 0; i < count; i++)
        {
            publications[i] = ReadOne(ref reader);
        }

        return reader.IsAtEnd ? publications : throw new StateEncodingException($"{reader.Rest.Length} bytes follow the last message.");
    }

    private static FunctionPublication ReadOne(ref ByteReader reader)
    {
        var topic = reader.ReadText();
        var flags = reader.ReadByte();
        if ((flags & ~AllFlags) != 0)
        {
            throw new StateEncodingException($"The flags {flags} of a message are not known.");
        }

        var value = reader.ReadBytes();
        if (value.IsEmpty || value[0] > (byte)PayloadTag.Text)
        {
            throw new StateEncodingException("A message has no known tag.");
        }

        return new FunctionPublication
        {
            Topic = topic,
            Payload = value[1..].ToArray(),
            ContentType = (PayloadTag)value[0] switch
            {
                PayloadTag.Json => "application/json",
                PayloadTag.Text => "text/plain; charset=utf-8",
                _ => "application/octet-stream",
            },
            Key = (flags & HasKey) == 0 ? null : reader.ReadText(),
            Properties = (flags & HasProperties) == 0 ? [] : ReadProperties(ref reader),
            EventAt = (flags & HasEventTime) == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)Within(reader.ReadVarint(), MaxUnixMilliseconds, "An event's time")),
            DeliverAfter = (flags & HasDelay) == 0 ? null : TimeSpan.FromMilliseconds((long)Within(reader.ReadVarint(), int.MaxValue * 1000UL, "A delay")),
            SequenceId = (flags & HasSequenceId) == 0 ? null : (long)Within(reader.ReadVarint(), long.MaxValue, "A sequence id"),
            Producer = (flags & HasProducer) == 0 ? null : reader.ReadText(),
        };
    }

    private static KeyValuePair<string, string>[] ReadProperties(ref ByteReader reader)
    {
        var properties = new KeyValuePair<string, string>[reader.ReadCount(2)];
        for (var i = 0; i < properties.Length; i++)
        {
            properties[i] = new(reader.ReadText(), reader.ReadText());
        }

        return properties;
    }

    private static ulong Within(ulong number, ulong most, string what) =>
        number <= most ? number : throw new ProblemException(KnownProblems.InvalidRequest($"{what} of {number} is beyond what can be.", "Give milliseconds, and numbers from 0 on."));
}
