using Virga.Topics.Wire;

namespace Virga.Topics.Messages;

/// <summary>Writes the metadata of an entry; its size is counted before.</summary>
internal sealed class MetadataWriter(string producer, long sequenceId, DateTimeOffset now, MessageCompression compression, int uncompressedSize)
{
    private readonly long _now = now.ToUnixTimeMilliseconds();

    /// <summary>The message, where the entry is one or a chunk of one.</summary>
    public OutgoingMessage? Message { get; init; }

    /// <summary>The messages, where it is a batch.</summary>
    public IReadOnlyList<OutgoingMessage>? Batch { get; init; }

    /// <summary>The number of a batch's last message.</summary>
    public long HighestSequenceId { get; init; }

    /// <summary>Names the message that the entry is a chunk of; null where it is none.</summary>
    public string? ChunkedMessage { get; init; }

    /// <summary>Which chunk.</summary>
    public int Chunk { get; init; }

    /// <summary>Of how many.</summary>
    public int Chunks { get; init; }

    /// <summary>The bytes of all of them.</summary>
    public int ChunkedSize { get; init; }

    /// <summary>How many bytes pairs of texts take.</summary>
    public static int PropertiesSize(int field, IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        var size = 0;
        for (var i = 0; i < properties.Count; i++)
        {
            size += ProtoSize.Bytes(field, ProtoSize.Text(1, properties[i].Key) + ProtoSize.Text(2, properties[i].Value));
        }

        return size;
    }

    /// <summary>Writes pairs of texts.</summary>
    public static void WriteProperties(ref ProtoWriter writer, int field, IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        for (var i = 0; i < properties.Count; i++)
        {
            writer.Begin(field, ProtoSize.Text(1, properties[i].Key) + ProtoSize.Text(2, properties[i].Value));
            writer.Text(1, properties[i].Key);
            writer.Text(2, properties[i].Value);
        }
    }

    /// <summary>How many bytes it takes.</summary>
    public int Size()
    {
        var size = ProtoSize.Text(MetadataField.Producer, producer) + ProtoSize.Number(MetadataField.SequenceId, sequenceId) + ProtoSize.Number(MetadataField.PublishedAt, _now);
        if (Message is { } message)
        {
            size += PropertiesSize(MetadataField.Properties, message.Properties);
            size += message.EventAt is { } at ? ProtoSize.Number(MetadataField.EventAt, at.ToUnixTimeMilliseconds()) : 0;
            size += message.DeliverAt is { } deliverAt ? ProtoSize.Number(MetadataField.DeliverAt, deliverAt.ToUnixTimeMilliseconds()) : 0;
            size += message.IsTombstone ? ProtoSize.Number(MetadataField.IsTombstone, 1) : 0;
        }

        if (KeysOf() is { } keyed)
        {
            size += keyed.Key is null ? 0 : ProtoSize.Text(MetadataField.Key, keyed.Key);
            size += keyed.OrderingKey.IsEmpty ? 0 : ProtoSize.Bytes(MetadataField.OrderingKey, keyed.OrderingKey.Length);
        }

        if (compression != MessageCompression.None)
        {
            size += ProtoSize.Number(MetadataField.Compression, (int)compression) + ProtoSize.Number(MetadataField.UncompressedSize, uncompressedSize);
        }

        if (Batch is { } batch)
        {
            size += ProtoSize.Number(MetadataField.Messages, batch.Count) + ProtoSize.Number(MetadataField.HighestSequenceId, HighestSequenceId);
        }

        if (ChunkedMessage is { } id)
        {
            size += ProtoSize.Text(MetadataField.ChunkedMessage, id) + ProtoSize.Number(MetadataField.Chunks, Chunks)
                + ProtoSize.Number(MetadataField.ChunkedSize, ChunkedSize) + ProtoSize.Number(MetadataField.Chunk, Chunk);
        }

        return size;
    }

    /// <summary>Writes it.</summary>
    /// <param name="target">As long as <see cref="Size"/> says.</param>
    public void Write(Span<byte> target)
    {
        var writer = new ProtoWriter(target);
        writer.Text(MetadataField.Producer, producer);
        writer.Number(MetadataField.SequenceId, sequenceId);
        writer.Number(MetadataField.PublishedAt, _now);
        if (Message is { } message)
        {
            WriteMessage(ref writer, message);
        }

        if (KeysOf() is { } keyed)
        {
            if (keyed.Key is not null)
            {
                writer.Text(MetadataField.Key, keyed.Key);
            }

            if (!keyed.OrderingKey.IsEmpty)
            {
                writer.Bytes(MetadataField.OrderingKey, keyed.OrderingKey.Span);
            }
        }

        if (compression != MessageCompression.None)
        {
            writer.Number(MetadataField.Compression, (int)compression);
            writer.Number(MetadataField.UncompressedSize, uncompressedSize);
        }

        if (Batch is { } batch)
        {
            writer.Number(MetadataField.Messages, batch.Count);
            writer.Number(MetadataField.HighestSequenceId, HighestSequenceId);
        }

        if (ChunkedMessage is { } id)
        {
            writer.Text(MetadataField.ChunkedMessage, id);
            writer.Number(MetadataField.Chunks, Chunks);
            writer.Number(MetadataField.ChunkedSize, ChunkedSize);
            writer.Number(MetadataField.Chunk, Chunk);
        }
    }

    private static void WriteMessage(ref ProtoWriter writer, OutgoingMessage message)
    {
        WriteProperties(ref writer, MetadataField.Properties, message.Properties);
        if (message.EventAt is { } at)
        {
            writer.Number(MetadataField.EventAt, at.ToUnixTimeMilliseconds());
        }

        if (message.DeliverAt is { } deliverAt)
        {
            writer.Number(MetadataField.DeliverAt, deliverAt.ToUnixTimeMilliseconds());
        }

        if (message.IsTombstone)
        {
            writer.Flag(MetadataField.IsTombstone, true);
        }
    }

    // A batch has keys of its own where all of its messages have the same: then a key_shared subscription gives it to the one consumer of that key.
    private OutgoingMessage? KeysOf()
    {
        if (Batch is not { } batch)
        {
            return Message;
        }

        var first = batch[0];
        for (var i = 1; i < batch.Count; i++)
        {
            if (!string.Equals(batch[i].Key, first.Key, StringComparison.Ordinal) || !batch[i].OrderingKey.Span.SequenceEqual(first.OrderingKey.Span))
            {
                return null;
            }
        }

        return first;
    }
}
