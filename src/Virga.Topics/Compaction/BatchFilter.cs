using System.Buffers.Binary;
using Virga.Topics.Messages;
using Virga.Topics.Wire;

namespace Virga.Topics.Compaction;

/// <summary>
/// Leaves messages out of a batch: each stays in its place with its metadata, marked as compacted out and without its payload, so that the others keep their numbers. Fields are written behind those that
/// are there: of a field that comes twice, readers of protocol buffers take the later.
/// </summary>
internal static class BatchFilter
{
    // Room for the fields that are added to a message's or an entry's metadata.
    private const int MaxAdded = 16;

    /// <summary>The entry with only these messages of its batch.</summary>
    public static byte[] Keep(ReadOnlyMemory<byte> entry, in MessageHeader header, IReadOnlySet<int> kept)
    {
        var batch = Filter(MessageReader.Expand(header, entry[header.PayloadOffset..]).Span, header.Messages, kept);
        var payload = PayloadCompression.Compress(header.Compression, batch);
        EntryFrame.TryFind(entry.Span, out var frame);
        var metadata = entry.Span[frame.MetadataAt..frame.PayloadAt];
        Span<byte> added = stackalloc byte[MaxAdded];
        var writer = new ProtoWriter(added);
        if (header.Compression != MessageCompression.None)
        {
            writer.Number(MetadataField.UncompressedSize, batch.Length);
        }

        var result = new byte[EntryFrame.HeadSize + metadata.Length + writer.Length + payload.Length];
        metadata.CopyTo(result.AsSpan(EntryFrame.HeadSize));
        added[..writer.Length].CopyTo(result.AsSpan(EntryFrame.HeadSize + metadata.Length));
        payload.CopyTo(result.AsSpan(EntryFrame.HeadSize + metadata.Length + writer.Length));
        EntryFrame.Seal(result, metadata.Length + writer.Length);
        return result;
    }

    // The batch was read before: its sizes fit.
    private static byte[] Filter(ReadOnlySpan<byte> batch, int messages, IReadOnlySet<int> kept)
    {
        using var result = new MemoryStream(batch.Length);
        Span<byte> size = stackalloc byte[sizeof(int)];
        Span<byte> added = stackalloc byte[MaxAdded];
        for (var i = 0; i < messages; i++)
        {
            var metadata = batch.Slice(sizeof(int), BinaryPrimitives.ReadInt32BigEndian(batch));
            var payload = batch.Slice(sizeof(int) + metadata.Length, PayloadSize(metadata));
            batch = batch[(sizeof(int) + metadata.Length + payload.Length)..];
            var writer = new ProtoWriter(added);
            if (!kept.Contains(i))
            {
                writer.Number(BatchedField.PayloadSize, 0);
                writer.Flag(BatchedField.IsCompactedOut, true);
                payload = [];
            }

            BinaryPrimitives.WriteInt32BigEndian(size, metadata.Length + writer.Length);
            result.Write(size);
            result.Write(metadata);
            result.Write(added[..writer.Length]);
            result.Write(payload);
        }

        return result.ToArray();
    }

    private static int PayloadSize(ReadOnlySpan<byte> metadata)
    {
        var reader = new ProtoReader(metadata);
        var size = 0;
        while (reader.Next())
        {
            size = reader.Field == BatchedField.PayloadSize && reader.Wire == WireType.Varint ? reader.Int32 : size;
        }

        return size;
    }
}
