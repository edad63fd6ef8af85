using System.Buffers.Binary;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;
using Virga.Topics.Wire;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Frames;

/// <summary>Writes the frames of which there is one for every entry, without allocating: SEND_RECEIPT whole, of MESSAGE and SEND what stands before the entry.</summary>
internal static class HotFrames
{
    /// <summary>The most bytes that a receipt takes: five numbers of ten bytes and their tags, twice sizes.</summary>
    public const int MaxReceiptSize = 96;

    private const int TypeField = 1;
    private const int LedgerField = 1;
    private const int EntryField = 2;
    private const int PartitionField = 3;

    /// <summary>The most bytes that stand before the entry of a SEND.</summary>
    public const int MaxSendHeadSize = 64;

    /// <summary>Writes what stands before the entry of a SEND; gives its length.</summary>
    public static int WriteSendHead(Span<byte> target, long producerId, long sequenceId, int messages, int entrySize)
    {
        const int producerField = 1, sequenceField = 2, messagesField = 3;
        var size = ProtoSize.Number(producerField, producerId) + ProtoSize.Number(sequenceField, sequenceId) + ProtoSize.Number(messagesField, messages);
        var writer = Begin(target, CommandType.Send, size, entrySize);
        writer.Number(producerField, producerId);
        writer.Number(sequenceField, sequenceId);
        writer.Number(messagesField, messages);
        return FrameFormat.HeadSize + writer.Length;
    }

    /// <summary>Writes a receipt; gives its length.</summary>
    public static int WriteReceipt(Span<byte> target, long producerId, long sequenceId, long highestSequenceId, Position position, int partition)
    {
        const int producerField = 1, sequenceField = 2, idField = 3, highestField = 4;
        var idSize = IdSize(position, partition);
        var size = ProtoSize.Number(producerField, producerId) + ProtoSize.Number(sequenceField, sequenceId) + ProtoSize.Bytes(idField, idSize);
        size += highestSequenceId == 0 ? 0 : ProtoSize.Number(highestField, highestSequenceId);
        var writer = Begin(target, CommandType.SendReceipt, size, entry: 0);
        writer.Number(producerField, producerId);
        writer.Number(sequenceField, sequenceId);
        WriteId(ref writer, idField, idSize, position, partition);
        if (highestSequenceId != 0)
        {
            writer.Number(highestField, highestSequenceId);
        }

        return FrameFormat.HeadSize + writer.Length;
    }

    /// <summary>The most bytes that stand before the entry of a MESSAGE.</summary>
    public static int MaxMessageHeadSize(in DeliveredEntry entry) => 96 + ((entry.Unacknowledged?.Length ?? 0) * 11);

    /// <summary>Writes what stands before an entry; gives its length.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="consumerId">The consumer, as its connection numbers them.</param>
    /// <param name="entry">What is delivered.</param>
    /// <param name="entrySize">How many bytes of it follow.</param>
    /// <param name="partition">The topic's partition; -1 for none.</param>
    /// <param name="epoch">The consumer's epoch; null where its client does not count.</param>
    public static int WriteMessageHead(Span<byte> target, long consumerId, in DeliveredEntry entry, int entrySize, int partition, long? epoch)
    {
        const int consumerField = 1, idField = 2, redeliveriesField = 3, ackSetField = 4, epochField = 5;
        var idSize = IdSize(entry.Position, partition);
        var size = ProtoSize.Number(consumerField, consumerId) + ProtoSize.Bytes(idField, idSize);
        size += entry.Redeliveries == 0 ? 0 : ProtoSize.Number(redeliveriesField, entry.Redeliveries);
        size += epoch is { } counted ? ProtoSize.Number(epochField, counted) : 0;
        foreach (var bits in entry.Unacknowledged ?? [])
        {
            size += ProtoSize.Number(ackSetField, bits);
        }

        var writer = Begin(target, CommandType.Message, size, entrySize);
        writer.Number(consumerField, consumerId);
        WriteId(ref writer, idField, idSize, entry.Position, partition);
        if (entry.Redeliveries != 0)
        {
            writer.Number(redeliveriesField, entry.Redeliveries);
        }

        foreach (var bits in entry.Unacknowledged ?? [])
        {
            writer.Number(ackSetField, bits);
        }

        if (epoch is { } now)
        {
            writer.Number(epochField, now);
        }

        return FrameFormat.HeadSize + writer.Length;
    }

    /// <summary>An entry as clients get it: without what brokers put before it.</summary>
    public static ReadOnlyMemory<byte> ForClients(ReadOnlyMemory<byte> entry)
    {
        const int head = sizeof(ushort) + sizeof(int);
        if (entry.Length < head || BinaryPrimitives.ReadUInt16BigEndian(entry.Span) != FrameFormat.BrokerMagic)
        {
            return entry;
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(entry.Span[sizeof(ushort)..]);
        return size <= (uint)(entry.Length - head) ? entry[(head + (int)size)..] : entry;
    }

    private static ProtoWriter Begin(Span<byte> target, CommandType type, int bodySize, int entry)
    {
        var size = ProtoSize.Number(TypeField, (int)type) + ProtoSize.Bytes((int)type, bodySize);
        BinaryPrimitives.WriteInt32BigEndian(target, sizeof(int) + size + entry);
        BinaryPrimitives.WriteInt32BigEndian(target[sizeof(int)..], size);
        var writer = new ProtoWriter(target[FrameFormat.HeadSize..]);
        writer.Number(TypeField, (int)type);
        writer.Begin((int)type, bodySize);
        return writer;
    }

    private static int IdSize(Position position, int partition) =>
        ProtoSize.Number(LedgerField, position.Ledger) + ProtoSize.Number(EntryField, position.Entry) + (partition < 0 ? 0 : ProtoSize.Number(PartitionField, partition));

    private static void WriteId(ref ProtoWriter writer, int field, int size, Position position, int partition)
    {
        writer.Begin(field, size);
        writer.Number(LedgerField, position.Ledger);
        writer.Number(EntryField, position.Entry);
        if (partition >= 0)
        {
            writer.Number(PartitionField, partition);
        }
    }
}
