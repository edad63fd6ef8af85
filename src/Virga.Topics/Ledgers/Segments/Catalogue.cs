using System.Buffers.Binary;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// What was known of all ledgers when a segment began, so that opening the store reads the segments from that one on and no other: which sealed segments there are, and which ledgers,
/// with their states and their parts of these segments.
/// </summary>
internal static class Catalogue
{
    private const int HeaderBytes = 32;
    private const int SegmentBytes = 16;
    private const int LedgerBytes = 40;
    private const int PartBytes = 28;
    private const uint Version = 1;

    private static ReadOnlySpan<byte> Magic => "VIRGALDC"u8;

    /// <summary>The bytes of a catalogue.</summary>
    /// <param name="scanFrom">The first segment that it does not cover.</param>
    /// <param name="segments">Those that it covers, by their numbers.</param>
    /// <param name="ledgers">All that there are.</param>
    public static byte[] Write(int scanFrom, IReadOnlyList<Segment> segments, IReadOnlyList<SegmentLedger> ledgers)
    {
        var bytes = new byte[HeaderBytes + (segments.Count * SegmentBytes) + (ledgers.Count * (LedgerBytes + PartBytes)) + sizeof(uint)];
        var at = HeaderBytes;
        foreach (var segment in segments)
        {
            var entry = bytes.AsSpan(at, SegmentBytes);
            BinaryPrimitives.WriteInt32LittleEndian(entry, segment.Number);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], segment.Generation);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], segment.End);
            BinaryPrimitives.WriteInt32LittleEndian(entry[12..], (int)segment.FrameBytes);
            at += SegmentBytes;
        }

        var count = 0;
        foreach (var ledger in ledgers)
        {
            var parts = ledger.Parts;
            var state = ledger.State;
            if (state.Status is not (LedgerStatus.Open or LedgerStatus.Closed))
            {
                continue;
            }

            if (bytes.Length - at < LedgerBytes + (parts.Length * PartBytes) + sizeof(uint))
            {
                Array.Resize(ref bytes, (bytes.Length * 2) + (parts.Length * PartBytes));
            }

            var entry = bytes.AsSpan(at);
            BinaryPrimitives.WriteInt64LittleEndian(entry, ledger.Id);
            SegmentFormat.WriteState(entry[8..], state);
            entry[33] = ledger.IsDamaged ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteInt32LittleEndian(entry[36..], parts.Length);
            at += LedgerBytes;
            foreach (var part in parts)
            {
                var place = bytes.AsSpan(at, PartBytes);
                BinaryPrimitives.WriteInt32LittleEndian(place, part.Segment.Number);
                BinaryPrimitives.WriteInt64LittleEndian(place[4..], part.First);
                BinaryPrimitives.WriteInt32LittleEndian(place[12..], part.Count);
                BinaryPrimitives.WriteInt32LittleEndian(place[16..], part.DataBytes);
                BinaryPrimitives.WriteInt32LittleEndian(place[20..], part.IndexOffset);
                BinaryPrimitives.WriteInt32LittleEndian(place[24..], part.Runs);
                at += PartBytes;
            }

            count++;
        }

        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), scanFrom);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), segments.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(20), count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), Crc32C.Of(bytes.AsSpan(0, at)));
        return bytes[..(at + sizeof(uint))];
    }

    /// <summary>Whether the bytes are a whole catalogue.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderBytes + sizeof(uint)
        && bytes[..8].SequenceEqual(Magic)
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) == Version
        && Crc32C.Of(bytes[..^sizeof(uint)]) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]);

    /// <summary>The first segment that it does not cover.</summary>
    public static int ScanFrom(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);

    /// <summary>The segments that it covers.</summary>
    public static List<(int Number, int Generation, int End, int FrameBytes)> Segments(ReadOnlySpan<byte> bytes)
    {
        var segments = new List<(int, int, int, int)>();
        for (var i = 0; i < BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]); i++)
        {
            var entry = bytes[(HeaderBytes + (i * SegmentBytes))..];
            segments.Add((
                BinaryPrimitives.ReadInt32LittleEndian(entry),
                BinaryPrimitives.ReadInt32LittleEndian(entry[4..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[12..])));
        }

        return segments;
    }

    /// <summary>Puts its ledgers into a table.</summary>
    /// <param name="bytes">A whole catalogue.</param>
    /// <param name="segments">Its segments.</param>
    /// <param name="table">Takes them.</param>
    public static void Restore(ReadOnlySpan<byte> bytes, IReadOnlyDictionary<int, Segment> segments, LedgerTable table)
    {
        var at = HeaderBytes + (BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]) * SegmentBytes);
        var parts = new List<LedgerPart>();
        for (var i = 0; i < BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]); i++)
        {
            var entry = bytes[at..];
            var state = SegmentFormat.ReadState(entry[8..]);
            var ledger = new SegmentLedger(BinaryPrimitives.ReadInt64LittleEndian(entry), state.Epoch) { IsDamaged = entry[33] != 0 };
            at += LedgerBytes;
            parts.Clear();
            for (var j = 0; j < BinaryPrimitives.ReadInt32LittleEndian(entry[36..]); j++)
            {
                var place = bytes[at..];
                parts.Add(new LedgerPart(
                    segments[BinaryPrimitives.ReadInt32LittleEndian(place)],
                    BinaryPrimitives.ReadInt64LittleEndian(place[4..]),
                    BinaryPrimitives.ReadInt32LittleEndian(place[12..]),
                    BinaryPrimitives.ReadInt32LittleEndian(place[16..]),
                    BinaryPrimitives.ReadInt32LittleEndian(place[20..]),
                    BinaryPrimitives.ReadInt32LittleEndian(place[24..])));
                at += PartBytes;
            }

            ledger.Restore(parts, state);
            table.TryAdd(ledger);
        }
    }
}
