using System.Buffers.Binary;
using Virga.Topics.Wire;

namespace Virga.Topics.Messages;

/// <summary>Writes the payload of a batch: for each message the size of its metadata, its metadata, its payload.</summary>
internal static class BatchWriter
{
    /// <summary>How many bytes the payload takes.</summary>
    public static int SizeOf(IReadOnlyList<OutgoingMessage> messages, long firstSequenceId)
    {
        var size = 0;
        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i].DeliverAt is not null)
            {
                throw new ArgumentException("A delayed message needs an entry of its own.", nameof(messages));
            }

            size = checked(size + sizeof(int) + MetadataSize(messages[i], firstSequenceId + i) + messages[i].Payload.Length);
        }

        return size;
    }

    /// <summary>Writes it.</summary>
    public static void Write(IReadOnlyList<OutgoingMessage> messages, long firstSequenceId, Span<byte> target)
    {
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            var size = MetadataSize(message, firstSequenceId + i);
            BinaryPrimitives.WriteInt32BigEndian(target, size);
            WriteMetadata(message, firstSequenceId + i, target.Slice(sizeof(int), size));
            message.Payload.Span.CopyTo(target[(sizeof(int) + size)..]);
            target = target[(sizeof(int) + size + message.Payload.Length)..];
        }
    }

    private static int MetadataSize(OutgoingMessage message, long sequenceId)
    {
        var size = ProtoSize.Number(BatchedField.PayloadSize, message.Payload.Length) + ProtoSize.Number(BatchedField.SequenceId, message.SequenceId ?? sequenceId);
        size += MetadataWriter.PropertiesSize(BatchedField.Properties, message.Properties);
        size += message.Key is null ? 0 : ProtoSize.Text(BatchedField.Key, message.Key);
        size += message.OrderingKey.IsEmpty ? 0 : ProtoSize.Bytes(BatchedField.OrderingKey, message.OrderingKey.Length);
        size += message.EventAt is { } at ? ProtoSize.Number(BatchedField.EventAt, at.ToUnixTimeMilliseconds()) : 0;
        size += message.IsTombstone ? ProtoSize.Number(BatchedField.IsTombstone, 1) : 0;
        return size;
    }

    private static void WriteMetadata(OutgoingMessage message, long sequenceId, Span<byte> target)
    {
        var writer = new ProtoWriter(target);
        MetadataWriter.WriteProperties(ref writer, BatchedField.Properties, message.Properties);
        if (message.Key is not null)
        {
            writer.Text(BatchedField.Key, message.Key);
        }

        writer.Number(BatchedField.PayloadSize, message.Payload.Length);
        if (message.EventAt is { } at)
        {
            writer.Number(BatchedField.EventAt, at.ToUnixTimeMilliseconds());
        }

        if (!message.OrderingKey.IsEmpty)
        {
            writer.Bytes(BatchedField.OrderingKey, message.OrderingKey.Span);
        }

        writer.Number(BatchedField.SequenceId, message.SequenceId ?? sequenceId);
        if (message.IsTombstone)
        {
            writer.Flag(BatchedField.IsTombstone, true);
        }
    }
}
