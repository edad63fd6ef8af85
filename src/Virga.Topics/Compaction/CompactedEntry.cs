using System.Buffers.Binary;
using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Compaction;

/// <summary>An entry of a compacted ledger: where it was published (ledger and entry, eight bytes each, little-endian), then the entry itself.</summary>
internal static class CompactedEntry
{
    private const int HeadSize = 2 * sizeof(long);

    public static byte[] Write(in LogEntry entry)
    {
        var bytes = new byte[HeadSize + entry.Data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, entry.Position.Ledger);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(sizeof(long)), entry.Position.Entry);
        entry.Data.Span.CopyTo(bytes.AsSpan(HeadSize));
        return bytes;
    }

    public static LogEntry Read(ReadOnlyMemory<byte> bytes) =>
        new(new Position(BinaryPrimitives.ReadInt64LittleEndian(bytes.Span), BinaryPrimitives.ReadInt64LittleEndian(bytes.Span[sizeof(long)..])), bytes[HeadSize..]);
}
