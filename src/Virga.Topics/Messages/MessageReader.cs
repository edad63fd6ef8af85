using System.Text;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Messages;

/// <summary>Takes entries apart into the messages that their producers published. What it gives refers to the entry's bytes wherever they were not compressed.</summary>
public static class MessageReader
{
    /// <summary>The longest payload, in bytes, that is expanded or put together: what says that it is longer is refused before anything is allocated for it.</summary>
    public const int MaxUncompressedSize = 64 * 1024 * 1024;

    private static readonly long s_earliest = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long s_latest = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Reads the messages of an entry that are not acknowledged.</summary>
    /// <exception cref="MalformedMessageException">The entry cannot be taken apart: damaged, encrypted, over <see cref="MaxUncompressedSize"/>, or only a chunk of a message.</exception>
    public static IReadOnlyList<TopicMessage> Read(TopicName topic, in DeliveredEntry entry)
    {
        var header = HeaderOf(entry);
        if (header.Chunks > 0)
        {
            throw new MalformedMessageException($"The entry is chunk {header.Chunk} of {header.Chunks} of a message, not a message.");
        }

        var metadata = EntryMetadata.Read(entry.Data);
        var payload = Expand(header, entry.Data[header.PayloadOffset..]);
        return header.IsBatch
            ? BatchReader.Read(topic, entry.Position, entry.Redeliveries, entry.Unacknowledged, header, metadata, payload)
            : [Single(topic, entry.Position, entry.Redeliveries, header, metadata, payload)];
    }

    /// <summary>Reads the messages of an entry that are not acknowledged; of a message in chunks, which is there when its last chunk is, none before that.</summary>
    /// <exception cref="MalformedMessageException">The entry cannot be taken apart.</exception>
    public static IReadOnlyList<TopicMessage> Read(TopicName topic, in DeliveredEntry entry, ChunkAssembler chunks)
    {
        if (!MessageCodec.TryReadHeader(entry.Data, out var header) || header.Chunks == 0)
        {
            return Read(topic, entry);
        }

        return chunks.Add(topic, entry) is { } whole ? [whole.Message] : [];
    }

    /// <summary>The header of an entry that can be taken apart.</summary>
    internal static MessageHeader HeaderOf(in DeliveredEntry entry)
    {
        if (!MessageCodec.TryReadHeader(entry.Data, out var header))
        {
            throw new MalformedMessageException($"The entry {entry.Position} is not in the form that Pulsar's protocol says.");
        }

        return header.IsEncrypted ? throw new MalformedMessageException($"The entry {entry.Position} is encrypted by its producer: only a client that has the key can read it.") : header;
    }

    /// <summary>Expands a payload within the limit.</summary>
    internal static ReadOnlyMemory<byte> Expand(in MessageHeader header, ReadOnlyMemory<byte> payload) => header.UncompressedSize > MaxUncompressedSize
        ? throw new MalformedMessageException($"The payload has {header.UncompressedSize} bytes when it is expanded; at most {MaxUncompressedSize} are.")
        : PayloadCompression.Expand(header.Compression, payload, header.UncompressedSize);

    /// <summary>The message of an entry that holds one.</summary>
    internal static TopicMessage Single(TopicName topic, Position position, int redeliveries, in MessageHeader header, EntryMetadata metadata, ReadOnlyMemory<byte> payload) => new()
    {
        Topic = topic,
        Id = new MessageId(position, topic.Partition),
        Payload = payload,
        Key = metadata.Key,
        OrderingKey = metadata.OrderingKey,
        Properties = metadata.Properties,
        Producer = Encoding.UTF8.GetString(header.Producer.Span),
        SequenceId = header.SequenceId,
        PublishedAt = Instant(header.PublishedAt),
        EventAt = EventInstant(header.EventAt),
        Redeliveries = redeliveries,
        SchemaVersion = metadata.SchemaVersion,
        IsTombstone = header.IsTombstone,
    };

    /// <summary>A producer's time; one that no calendar has becomes the nearest that it has.</summary>
    internal static DateTimeOffset Instant(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(milliseconds, s_earliest, s_latest));

    /// <summary>The time of an event; 0 is none.</summary>
    internal static DateTimeOffset? EventInstant(long milliseconds) => milliseconds == 0 ? null : Instant(milliseconds);
}
