using System.Buffers.Binary;
using System.Globalization;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// The bytes of a segment; <c>docs/topics.md</c> has them as tables. A file has a header, then batches. A batch is what was written at once: it is taken whole or not at all. Its
/// header says how much of the file was known to be on disk when it was written, which tells a torn end from damage. In a batch are frames: entries, and states of ledgers.
/// </summary>
internal static class SegmentFormat
{
    public const int FileHeaderBytes = 64;
    public const int BatchHeaderBytes = 48;
    public const int FrameHeaderBytes = 24;

    /// <summary>What stands in place of the entry's number in a frame that holds the state of its ledger.</summary>
    public const long StateFrame = -1;

    public const int StateBytes = 25;

    /// <summary>What one entry may have: far beyond what any client sends.</summary>
    public const int MaxEntryBytes = 128 << 20;

    public const string SegmentPattern = "ledgers-*.log";
    public const string IndexSuffix = ".index";
    public const string UnfinishedSuffix = ".new";
    public const string CatalogueName = "ledgers.catalogue";
    public const string SpareName = "spare";

    // Its highest bit is set: no frame begins like this, since a frame begins with its length.
    private const uint BatchMark = 0xF1474C56;
    private const uint Version = 1;

    private static ReadOnlySpan<byte> Magic => "VIRGALDG"u8;

    /// <summary>How a batch begins, for who looks for one.</summary>
    public static ReadOnlySpan<byte> BatchMarkBytes => [0x56, 0x4C, 0x47, 0xF1];

    public static string SegmentName(int number, int generation) => string.Create(CultureInfo.InvariantCulture, $"ledgers-{number:d10}-{generation}.log");

    public static bool TryParseName(string path, out int number, out int generation)
    {
        number = generation = 0;
        var parts = Path.GetFileNameWithoutExtension(path).Split('-');
        return parts.Length == 3
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out generation);
    }

    public static void WriteFileHeader(Span<byte> header, in SegmentFileHeader values)
    {
        header[..FileHeaderBytes].Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], values.Number);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], values.Generation);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], values.Previous);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], values.PreviousEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(header[60..], Crc32C.Of(header[..60]));
    }

    /// <summary>Reads a file's header; gives what is wrong with it, or null.</summary>
    public static string? ReadFileHeader(ReadOnlySpan<byte> file, out SegmentFileHeader values)
    {
        values = default;
        if (file.Length < FileHeaderBytes || !file[..8].SequenceEqual(Magic))
        {
            return "it does not begin as a segment does";
        }

        if (Crc32C.Of(file[..60]) != BinaryPrimitives.ReadUInt32LittleEndian(file[60..]))
        {
            return "its header is damaged";
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(file[8..]) is var version and not Version)
        {
            return $"it has format {version}, this Virga knows {Version}";
        }

        values = new SegmentFileHeader(
            BinaryPrimitives.ReadInt32LittleEndian(file[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(file[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(file[20..]),
            BinaryPrimitives.ReadInt32LittleEndian(file[24..]));
        return null;
    }

    /// <summary>Writes the header of a batch in front of its body.</summary>
    public static void WriteBatchHeader(Span<byte> batch, int segment, int offset, int durable, int frames)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(batch, BatchMark);
        BinaryPrimitives.WriteInt32LittleEndian(batch[4..], batch.Length - BatchHeaderBytes);
        BinaryPrimitives.WriteInt64LittleEndian(batch[8..], segment);
        BinaryPrimitives.WriteInt64LittleEndian(batch[16..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(batch[24..], durable);
        BinaryPrimitives.WriteInt32LittleEndian(batch[32..], frames);
        batch[36..44].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(batch[44..], Crc32C.Of(batch[..44]));
    }

    /// <summary>Whether the header of a batch stands at the beginning of the bytes; its body is not looked at.</summary>
    public static bool TryReadBatchHeader(ReadOnlySpan<byte> bytes, int segment, long offset, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < BatchHeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != BatchMark
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) != segment
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]) != offset
            || Crc32C.Of(bytes[..44]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]))
        {
            return false;
        }

        header = new BatchHeader(BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]));
        return header.BodyBytes >= 0 && header.Frames >= 0;
    }

    /// <summary>Whether a batch, not a frame, begins here.</summary>
    public static bool IsBatch(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes) == BatchMark;

    /// <summary>Writes the header of a frame whose data stands behind it already.</summary>
    public static void WriteFrameHeader(Span<byte> frame, long ledger, long entry)
    {
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - FrameHeaderBytes);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], ledger);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], entry);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Checksum(frame));
    }

    /// <summary>Reads a frame's header, unchecked; needs <see cref="FrameHeaderBytes"/>.</summary>
    public static FrameHeader ReadFrameHeader(ReadOnlySpan<byte> frame) =>
        new(BinaryPrimitives.ReadInt32LittleEndian(frame), BinaryPrimitives.ReadInt64LittleEndian(frame[8..]), BinaryPrimitives.ReadInt64LittleEndian(frame[16..]));

    /// <summary>Whether a whole frame is what was written.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> frame) => Checksum(frame) == BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]);

    public static void WriteState(Span<byte> data, in LedgerState state)
    {
        data[0] = (byte)state.Status;
        BinaryPrimitives.WriteInt64LittleEndian(data[1..], state.Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(data[9..], state.End.LastEntry);
        BinaryPrimitives.WriteInt64LittleEndian(data[17..], state.End.Bytes);
    }

    public static LedgerState ReadState(ReadOnlySpan<byte> data) => new(
        (LedgerStatus)data[0],
        BinaryPrimitives.ReadInt64LittleEndian(data[1..]),
        new LedgerEnd(BinaryPrimitives.ReadInt64LittleEndian(data[9..]), BinaryPrimitives.ReadInt64LittleEndian(data[17..])));

    // Of all but itself: the length, then what stands behind the checksum.
    private static uint Checksum(ReadOnlySpan<byte> frame) => Crc32C.Of(frame[8..], Crc32C.Of(frame[..4]));
}
