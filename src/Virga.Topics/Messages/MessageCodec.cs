using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using Virga.Core.Storage;
using Virga.Topics.Wire;

namespace Virga.Topics.Messages;

/// <summary>Reads what a broker needs to know of an entry, in the form in which Pulsar's clients send it. Anything may be handed in: what is no entry is said to be malformed, and costs no memory.</summary>
public static class MessageCodec
{
    /// <summary>The fewest bytes that one message takes in a batch: the size of its metadata (4), and in that the size of its payload (2). Bounds how many there can be.</summary>
    internal const int LeastBatchedSize = 6;

    /// <summary>Reads the metadata; false when it is malformed. The checksum is not looked at.</summary>
    /// <param name="entry">The whole entry; the header refers to it.</param>
    /// <param name="header">What it says.</param>
    public static bool TryReadHeader(ReadOnlyMemory<byte> entry, out MessageHeader header)
    {
        header = default;
        if (!EntryFrame.TryFind(entry.Span, out var frame))
        {
            return false;
        }

        var metadata = entry[frame.MetadataAt..frame.PayloadAt];
        var reader = new ProtoReader(metadata.Span);
        ReadOnlyMemory<byte> producer = default, key = default, orderingKey = default, replicatedFrom = default;
        long sequence = 0, highest = 0, published = 0, eventAt = 0, deliverAt = 0, incarnation = 0, sourceLedger = 0, sourceEntry = 0;
        int messages = 1, compression = 0, uncompressed = 0, marker = 0, chunk = -1, chunks = 0, required = 0;
        bool isBatch = false, hasKey = false, keyIsBase64 = false, keyIsNull = false, hasOrderingKey = false, isEncrypted = false, isTombstone = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case MetadataField.Producer when reader.Wire == WireType.Bytes:
                    producer = metadata.Slice(reader.BytesAt, reader.Bytes.Length);
                    required |= 1;
                    break;
                case MetadataField.SequenceId when reader.Wire == WireType.Varint:
                    sequence = reader.Signed;
                    required |= 2;
                    break;
                case MetadataField.PublishedAt when reader.Wire == WireType.Varint:
                    published = reader.Signed;
                    required |= 4;
                    break;
                case MetadataField.ReplicatedFrom when reader.Wire == WireType.Bytes:
                    replicatedFrom = metadata.Slice(reader.BytesAt, reader.Bytes.Length);
                    break;
                case MetadataField.Key when reader.Wire == WireType.Bytes:
                    key = metadata.Slice(reader.BytesAt, reader.Bytes.Length);
                    hasKey = true;
                    break;
                case MetadataField.Compression when reader.Wire == WireType.Varint:
                    compression = reader.Int32;
                    break;
                case MetadataField.UncompressedSize when reader.Wire == WireType.Varint:
                    uncompressed = reader.Int32;
                    break;
                case MetadataField.Messages when reader.Wire == WireType.Varint:
                    messages = reader.Int32;
                    isBatch = true;
                    break;
                case MetadataField.EventAt when reader.Wire == WireType.Varint:
                    eventAt = reader.Signed;
                    break;
                case MetadataField.EncryptionKeys when reader.Wire == WireType.Bytes:
                    isEncrypted = true;
                    break;
                case MetadataField.KeyIsBase64 when reader.Wire == WireType.Varint:
                    keyIsBase64 = reader.Flag;
                    break;
                case MetadataField.OrderingKey when reader.Wire == WireType.Bytes:
                    orderingKey = metadata.Slice(reader.BytesAt, reader.Bytes.Length);
                    hasOrderingKey = true;
                    break;
                case MetadataField.DeliverAt when reader.Wire == WireType.Varint:
                    deliverAt = reader.Signed;
                    break;
                case MetadataField.Marker when reader.Wire == WireType.Varint:
                    marker = reader.Int32;
                    break;
                case MetadataField.HighestSequenceId when reader.Wire == WireType.Varint:
                    highest = reader.Signed;
                    break;
                case MetadataField.IsTombstone when reader.Wire == WireType.Varint:
                    isTombstone = reader.Flag;
                    break;
                case MetadataField.Chunks when reader.Wire == WireType.Varint:
                    chunks = reader.Int32;
                    break;
                case MetadataField.Chunk when reader.Wire == WireType.Varint:
                    chunk = reader.Int32;
                    break;
                case MetadataField.SourceIncarnation when reader.Wire == WireType.Varint:
                    incarnation = reader.Signed;
                    break;
                case MetadataField.SourceLedger when reader.Wire == WireType.Varint:
                    sourceLedger = reader.Signed;
                    break;
                case MetadataField.SourceEntry when reader.Wire == WireType.Varint:
                    sourceEntry = reader.Signed;
                    break;
                case MetadataField.KeyIsNull when reader.Wire == WireType.Varint:
                    keyIsNull = reader.Flag;
                    break;
            }
        }

        const int allRequired = 7;
        if (reader.IsMalformed || required != allRequired || compression is < 0 or > (int)MessageCompression.Snappy || uncompressed < 0 || !IsChunkPossible(chunk, chunks))
        {
            return false;
        }

        // The count decides how many permits are taken and how large the set of acknowledged ones is: no more than can be there.
        var payload = entry.Length - frame.PayloadAt;
        var expanded = compression == 0 ? payload : Math.Min(uncompressed, MessageReader.MaxUncompressedSize);
        if (messages < 1 || (isBatch && (long)messages * LeastBatchedSize > expanded))
        {
            return false;
        }

        header = new MessageHeader
        {
            Producer = producer,
            SequenceId = sequence,
            HighestSequenceId = Math.Max(sequence, highest),
            PublishedAt = published,
            EventAt = eventAt,
            DeliverAt = deliverAt,
            Messages = messages,
            IsBatch = isBatch,
            Compression = (MessageCompression)compression,
            UncompressedSize = compression == 0 ? payload : uncompressed,
            StickyKey = hasOrderingKey ? orderingKey : keyIsBase64 ? Decode(key) : key,
            HasKey = hasKey && !keyIsNull,
            Chunk = chunks > 1 ? chunk : -1,
            Chunks = chunks > 1 ? chunks : 0,
            Marker = marker,
            ReplicatedFrom = replicatedFrom,
            Source = replicatedFrom.IsEmpty ? default : new EntrySource(incarnation, new Position(sourceLedger, sourceEntry)),
            IsEncrypted = isEncrypted,
            IsTombstone = isTombstone,
            PayloadOffset = frame.PayloadAt,
        };
        return true;
    }

    /// <summary>Whether the checksum is that of what comes behind it; false for what is no entry, too.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> entry) => EntryFrame.TryFind(entry, out var frame) && Crc32C.Of(entry[frame.CheckedAt..]) == frame.Checksum;

    /// <summary>Makes an entry of what a client sent without a checksum, as the protocol allows: the metadata's size, the metadata, the payload.</summary>
    public static byte[] Sealed(ReadOnlySpan<byte> withoutChecksum)
    {
        const int head = EntryFrame.HeadSize - sizeof(int);
        var entry = new byte[head + withoutChecksum.Length];
        withoutChecksum.CopyTo(entry.AsSpan(head));
        BinaryPrimitives.WriteUInt16BigEndian(entry, EntryFrame.Magic);
        BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(sizeof(ushort)), Crc32C.Of(withoutChecksum));
        return entry;
    }

    // A message in one chunk is one that is whole.
    private static bool IsChunkPossible(int chunk, int chunks) => chunks <= 1 ? chunks >= 0 : chunk >= 0 && chunk < chunks;

    // A key that says that it is in base64 and is not orders by the bytes that it has.
    private static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> key)
    {
        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(key.Length)];
        return Base64.DecodeFromUtf8(key.Span, decoded, out _, out var length) == OperationStatus.Done ? decoded.AsMemory(0, length) : key;
    }
}
