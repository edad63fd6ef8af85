using System.Buffers.Binary;
using System.Globalization;
using Virga.Topics.Wire;

namespace Virga.Topics.Messages;

/// <summary>Makes entries of messages, in the form in which Pulsar's clients send them.</summary>
public static class MessageWriter
{
    /// <summary>An entry of one message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="producer">Who publishes it.</param>
    /// <param name="sequenceId">Its number among those of the producer.</param>
    /// <param name="now">The time of publishing.</param>
    /// <param name="compression">How its payload is compressed.</param>
    public static byte[] Write(OutgoingMessage message, string producer, long sequenceId, DateTimeOffset now, MessageCompression compression = MessageCompression.None)
    {
        var head = new MetadataWriter(producer, sequenceId, now, compression, message.Payload.Length) { Message = message };
        return Entry(head, compression == MessageCompression.None ? message.Payload.Span : PayloadCompression.Compress(compression, message.Payload.Span));
    }

    /// <summary>One entry of several messages.</summary>
    /// <param name="messages">The messages, in order, at least one; none that is delayed, which each need an entry of their own.</param>
    /// <param name="producer">Who publishes them.</param>
    /// <param name="firstSequenceId">The number of the first; a message that has a number keeps it.</param>
    /// <param name="now">The time of publishing.</param>
    /// <param name="compression">How they are compressed, together.</param>
    /// <exception cref="ArgumentException">There is none, or one is delayed.</exception>
    public static byte[] WriteBatch(IReadOnlyList<OutgoingMessage> messages, string producer, long firstSequenceId, DateTimeOffset now, MessageCompression compression = MessageCompression.None)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        var payload = new byte[BatchWriter.SizeOf(messages, firstSequenceId)];
        BatchWriter.Write(messages, firstSequenceId, payload);
        var head = new MetadataWriter(producer, messages[0].SequenceId ?? firstSequenceId, now, compression, payload.Length)
        {
            Batch = messages,
            HighestSequenceId = messages[^1].SequenceId ?? (firstSequenceId + messages.Count - 1),
        };
        return Entry(head, compression == MessageCompression.None ? payload : PayloadCompression.Compress(compression, payload));
    }

    /// <summary>The entries of one message whose payload, compressed, is too long for one: its chunks, in order.</summary>
    /// <param name="message">The message.</param>
    /// <param name="producer">Who publishes it.</param>
    /// <param name="sequenceId">Its number among those of the producer: that of every chunk.</param>
    /// <param name="now">The time of publishing.</param>
    /// <param name="maxPayload">The longest payload of a chunk, in bytes.</param>
    /// <param name="compression">How its payload is compressed, before it is cut.</param>
    public static IReadOnlyList<byte[]> WriteChunks(
        OutgoingMessage message, string producer, long sequenceId, DateTimeOffset now, int maxPayload, MessageCompression compression = MessageCompression.None)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxPayload);
        var payload = compression == MessageCompression.None ? message.Payload : PayloadCompression.Compress(compression, message.Payload.Span);
        if (payload.Length <= maxPayload)
        {
            return [Write(message, producer, sequenceId, now, compression)];
        }

        var id = string.Create(CultureInfo.InvariantCulture, $"{producer}-{sequenceId}");
        var chunks = new byte[((payload.Length - 1) / maxPayload) + 1][];
        for (var i = 0; i < chunks.Length; i++)
        {
            var head = new MetadataWriter(producer, sequenceId, now, compression, message.Payload.Length)
            {
                Message = message,
                ChunkedMessage = id,
                Chunk = i,
                Chunks = chunks.Length,
                ChunkedSize = payload.Length,
            };
            var at = i * maxPayload;
            chunks[i] = Entry(head, payload.Span.Slice(at, Math.Min(maxPayload, payload.Length - at)));
        }

        return chunks;
    }

    private static byte[] Entry(MetadataWriter head, ReadOnlySpan<byte> payload)
    {
        var size = head.Size();
        var entry = GC.AllocateUninitializedArray<byte>(EntryFrame.HeadSize + size + payload.Length);
        head.Write(entry.AsSpan(EntryFrame.HeadSize, size));
        payload.CopyTo(entry.AsSpan(EntryFrame.HeadSize + size));
        EntryFrame.Seal(entry, size);
        return entry;
    }
}
