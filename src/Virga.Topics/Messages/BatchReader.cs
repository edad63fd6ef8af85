using System.Buffers.Binary;
using System.Text;
using Virga.Topics.Names;
using Virga.Topics.Wire;

namespace Virga.Topics.Messages;

/// <summary>Takes the messages out of a batch: for each, the size of its metadata, its metadata, its payload.</summary>
internal static class BatchReader
{
    /// <summary>Reads a batch.</summary>
    /// <param name="topic">Where it comes from.</param>
    /// <param name="position">The entry.</param>
    /// <param name="redeliveries">How often it was delivered before.</param>
    /// <param name="unacknowledged">Which messages are wanted; null for all.</param>
    /// <param name="header">The batch's header.</param>
    /// <param name="metadata">The rest of its metadata.</param>
    /// <param name="payload">The payload, expanded; the messages refer to it.</param>
    /// <exception cref="MalformedMessageException">It is no batch.</exception>
    public static List<TopicMessage> Read(
        TopicName topic, Position position, int redeliveries, long[]? unacknowledged, in MessageHeader header, EntryMetadata metadata, ReadOnlyMemory<byte> payload)
    {
        var count = metadata.CompactedIndexes?.Count ?? header.Messages;
        if ((long)count * MessageCodec.LeastBatchedSize > payload.Length)
        {
            throw new MalformedMessageException($"A batch of {payload.Length} bytes does not hold {count} messages.");
        }

        var producer = Encoding.UTF8.GetString(header.Producer.Span);
        var published = MessageReader.Instant(header.PublishedAt);
        var messages = new List<TopicMessage>(count);
        for (var i = 0; i < count; i++)
        {
            var index = metadata.CompactedIndexes?[i] ?? i;
            var (message, isCompactedOut, rest) = ReadOne(payload);
            payload = rest;
            if (isCompactedOut || index < 0 || !IsWanted(unacknowledged, index))
            {
                continue;
            }

            messages.Add(message with
            {
                Topic = topic,
                Id = new MessageId(position, topic.Partition, index),
                Producer = producer,
                SequenceId = message.SequenceId >= 0 ? message.SequenceId : header.SequenceId + index,
                PublishedAt = published,
                Redeliveries = redeliveries,
                SchemaVersion = metadata.SchemaVersion,
            });
        }

        return messages;
    }

    private static bool IsWanted(long[]? unacknowledged, int index) =>
        unacknowledged is null || (index >> 6 < unacknowledged.Length && (unacknowledged[index >> 6] & (1L << (index & 63))) != 0);

    private static (TopicMessage Message, bool IsCompactedOut, ReadOnlyMemory<byte> Remainder) ReadOne(ReadOnlyMemory<byte> batch)
    {
        if (batch.Length < sizeof(int))
        {
            throw new MalformedMessageException("The batch ends within a message.");
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(batch.Span);
        batch = batch[sizeof(int)..];
        if (size > (uint)batch.Length)
        {
            throw new MalformedMessageException("The batch ends within a message's metadata.");
        }

        var metadata = batch[..(int)size];
        batch = batch[(int)size..];
        var reader = new ProtoReader(metadata.Span);
        List<KeyValuePair<string, string>>? properties = null;
        string? key = null;
        ReadOnlyMemory<byte> orderingKey = default;
        long eventAt = 0, sequence = -1;
        var payloadSize = -1;
        bool keyIsNull = false, isTombstone = false, isCompactedOut = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case BatchedField.Properties when reader.Wire == WireType.Bytes:
                    (properties ??= []).Add(EntryMetadata.Pair(reader.Bytes));
                    break;
                case BatchedField.Key when reader.Wire == WireType.Bytes:
                    key = Encoding.UTF8.GetString(reader.Bytes);
                    break;
                case BatchedField.PayloadSize when reader.Wire == WireType.Varint:
                    payloadSize = reader.Int32;
                    break;
                case BatchedField.IsCompactedOut when reader.Wire == WireType.Varint:
                    isCompactedOut = reader.Flag;
                    break;
                case BatchedField.EventAt when reader.Wire == WireType.Varint:
                    eventAt = reader.Signed;
                    break;
                case BatchedField.OrderingKey when reader.Wire == WireType.Bytes:
                    orderingKey = metadata.Slice(reader.BytesAt, reader.Bytes.Length);
                    break;
                case BatchedField.SequenceId when reader.Wire == WireType.Varint:
                    sequence = reader.Signed;
                    break;
                case BatchedField.IsTombstone when reader.Wire == WireType.Varint:
                    isTombstone = reader.Flag;
                    break;
                case BatchedField.KeyIsNull when reader.Wire == WireType.Varint:
                    keyIsNull = reader.Flag;
                    break;
            }
        }

        if (reader.IsMalformed || payloadSize < 0 || payloadSize > batch.Length)
        {
            throw new MalformedMessageException("The metadata of a message in the batch cannot be read, or gives its payload a size that the batch does not have.");
        }

        var message = new TopicMessage
        {
            Topic = default,
            Id = default,
            Payload = batch[..payloadSize],
            Key = keyIsNull ? null : key,
            OrderingKey = orderingKey,
            Properties = properties ?? (IReadOnlyList<KeyValuePair<string, string>>)[],
            SequenceId = sequence,
            EventAt = MessageReader.EventInstant(eventAt),
            IsTombstone = isTombstone,
        };
        return (message, isCompactedOut, batch[payloadSize..]);
    }
}
