using System.Buffers;
using System.Buffers.Binary;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// The index file of a sealed segment: for each ledger a block with the runs that it has there, which is read when somebody reads that part. It can be made again from its segment.
/// </summary>
internal sealed class SegmentIndexFile
{
    private const int HeaderBytes = 16;
    private const int BlockHeaderBytes = 16;
    private const int RunBytes = 16;
    private const uint Version = 1;

    private readonly ArrayBufferWriter<byte> _bytes = new(64 << 10);

    public SegmentIndexFile()
    {
        var header = _bytes.GetSpan(HeaderBytes);
        header[..HeaderBytes].Clear();
        "VIRGALDX"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        _bytes.Advance(HeaderBytes);
    }

    /// <summary>The bytes of the file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    /// <summary>Adds the runs of a ledger, which follow each other.</summary>
    public LedgerPart Add(Segment segment, long ledger, ReadOnlySpan<Run> runs)
    {
        var offset = _bytes.WrittenCount;
        var block = _bytes.GetSpan(BlockHeaderBytes + (runs.Length * RunBytes))[..(BlockHeaderBytes + (runs.Length * RunBytes))];
        var count = 0;
        var dataBytes = 0;
        for (var i = 0; i < runs.Length; i++)
        {
            var run = block[(BlockHeaderBytes + (i * RunBytes))..];
            BinaryPrimitives.WriteInt32LittleEndian(run, runs[i].Count);
            BinaryPrimitives.WriteInt32LittleEndian(run[4..], runs[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(run[8..], runs[i].Length);
            BinaryPrimitives.WriteInt32LittleEndian(run[12..], runs[i].DataBytes);
            count += runs[i].Count;
            dataBytes += runs[i].DataBytes;
        }

        BinaryPrimitives.WriteInt64LittleEndian(block, ledger);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], runs.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], Checksum(block));
        _bytes.Advance(block.Length);
        return new LedgerPart(segment, runs[0].First, count, dataBytes, offset, runs.Length);
    }

    /// <summary>Reads the runs of a part; null when the file does not have them, or no longer.</summary>
    public static Run[]? Read(in LedgerPart part, long ledger)
    {
        var block = new byte[BlockHeaderBytes + (part.Runs * RunBytes)];
        try
        {
            using var file = File.OpenHandle(part.Segment.IndexPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.Read(file, block, part.IndexOffset) < block.Length)
            {
                return null;
            }
        }
        catch (FileNotFoundException)
        {
            // Lost, or its segment was written anew while it was looked for.
            return null;
        }

        if (BinaryPrimitives.ReadInt64LittleEndian(block) != ledger
            || BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(8)) != part.Runs
            || BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(12)) != Checksum(block))
        {
            return null;
        }

        var runs = new Run[part.Runs];
        var first = part.First;
        for (var i = 0; i < runs.Length; i++)
        {
            var run = block.AsSpan(BlockHeaderBytes + (i * RunBytes));
            runs[i] = new Run
            {
                Segment = part.Segment,
                First = first,
                Count = BinaryPrimitives.ReadInt32LittleEndian(run),
                Offset = BinaryPrimitives.ReadInt32LittleEndian(run[4..]),
                Length = BinaryPrimitives.ReadInt32LittleEndian(run[8..]),
                DataBytes = BinaryPrimitives.ReadInt32LittleEndian(run[12..]),
            };
            first = runs[i].Next;
        }

        return runs;
    }

    private static uint Checksum(ReadOnlySpan<byte> block) => Crc32C.Of(block[BlockHeaderBytes..], Crc32C.Of(block[..12]));
}
