using System.Buffers.Binary;
using System.Globalization;
using Virga.Core.Storage;
using Virga.State.Time;

namespace Virga.State.Logs;

/// <summary>
/// The bytes of the log; <c>docs/state.md</c> has them as a table. A segment has a header, then batches. A batch is what was written at once: it is taken whole or not
/// at all. Its header says how much of the log was known to be on disk when it was written, which tells a torn end from damage.
/// </summary>
internal static class LogFormat
{
    public const int SegmentHeaderBytes = 32;
    public const int BatchHeaderBytes = 40;
    public const string SegmentPattern = "state-*.log";

    /// <summary>What a segment is named while it is being made.</summary>
    public const string UnfinishedSuffix = ".new";

    private const uint Version = 1;
    private const uint BatchMark = 0x48435442; // "BTCH"

    private static ReadOnlySpan<byte> Magic => "VIRGALOG"u8;

    /// <summary>The name of the segment that begins at a position: names in order are positions in order.</summary>
    public static string SegmentName(long position) => string.Create(CultureInfo.InvariantCulture, $"state-{position:d19}.log");

    /// <summary>The position in a segment's name.</summary>
    public static bool TryParseName(string path, out long position) =>
        long.TryParse(Path.GetFileNameWithoutExtension(path.AsSpan())[6..], NumberStyles.None, CultureInfo.InvariantCulture, out position);

    public static void WriteSegmentHeader(Span<byte> header, long position, HybridTimestamp clock)
    {
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(header[12..], position);
        BinaryPrimitives.WriteUInt64LittleEndian(header[20..], clock.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], Crc32C.Of(header[..28]));
    }

    /// <summary>Reads a segment's header; gives what is wrong with it, or null.</summary>
    public static string? ReadSegmentHeader(ReadOnlySpan<byte> file, long position, out HybridTimestamp clock)
    {
        clock = default;
        if (file.Length < SegmentHeaderBytes || !file[..8].SequenceEqual(Magic))
        {
            return "it does not begin as a log does";
        }

        if (Crc32C.Of(file[..28]) != BinaryPrimitives.ReadUInt32LittleEndian(file[28..]) || BinaryPrimitives.ReadInt64LittleEndian(file[12..]) != position)
        {
            return "its header is damaged";
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(file[8..]) is var version and not Version)
        {
            return $"it has format {version}, this Virga knows {Version}";
        }

        clock = new HybridTimestamp(BinaryPrimitives.ReadUInt64LittleEndian(file[20..]));
        return null;
    }

    /// <summary>Writes the header of a batch in front of its body.</summary>
    public static void SealBatch(Span<byte> batch, long position, long durable, HybridTimestamp clock)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(batch, BatchMark);
        BinaryPrimitives.WriteInt32LittleEndian(batch[4..], batch.Length - BatchHeaderBytes);
        BinaryPrimitives.WriteInt64LittleEndian(batch[8..], position);
        BinaryPrimitives.WriteInt64LittleEndian(batch[16..], durable);
        BinaryPrimitives.WriteUInt64LittleEndian(batch[24..], clock.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(batch[32..], Crc32C.Of(batch[BatchHeaderBytes..]));
        BinaryPrimitives.WriteUInt32LittleEndian(batch[36..], Crc32C.Of(batch[..36]));
    }

    /// <summary>Whether a batch's header stands at the beginning of the bytes; its body is not looked at.</summary>
    public static bool TryReadBatchHeader(ReadOnlySpan<byte> bytes, long position, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < BatchHeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != BatchMark
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) != position
            || Crc32C.Of(bytes[..36]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[36..]))
        {
            return false;
        }

        header = new BatchHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            new HybridTimestamp(BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..])),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]));
        return header.BodyBytes >= 0;
    }

    /// <summary>The body of a whole batch.</summary>
    public static bool TryReadBatch(ReadOnlySpan<byte> bytes, long position, out BatchHeader header, out ReadOnlySpan<byte> body)
    {
        body = default;
        if (!TryReadBatchHeader(bytes, position, out header) || bytes.Length - BatchHeaderBytes < header.BodyBytes)
        {
            return false;
        }

        body = bytes.Slice(BatchHeaderBytes, header.BodyBytes);
        return Crc32C.Of(body) == header.BodyChecksum;
    }
}
