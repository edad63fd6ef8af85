using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Cold;

/// <summary>Where the blocks of a ledger's object begin; it stands at the object's end. <c>docs/topics.md</c> has its layout.</summary>
internal sealed class ColdIndex
{
    /// <summary>The bytes of the object's last part, by which the index is found.</summary>
    public const int FooterSize = 48;

    // "VCL1".
    private const uint Magic = 0x314C4356;
    private const int EntrySize = 16;

    private readonly List<Block> _blocks = [];

    /// <summary>An index to be filled.</summary>
    public ColdIndex(LedgerId id) => Id = id;

    public LedgerId Id { get; }

    /// <summary>Where the ledger ends.</summary>
    public LedgerEnd End { get; set; } = new(-1, 0);

    /// <summary>Where the last block ends, and the index begins.</summary>
    public long DataBytes { get; set; }

    public int Blocks => _blocks.Count;

    public void Add(long firstEntry, long offset) => _blocks.Add(new Block(firstEntry, offset));

    /// <summary>Where a block begins.</summary>
    public long OffsetOf(int block) => block < _blocks.Count ? _blocks[block].Offset : DataBytes;

    /// <summary>The first entry of a block.</summary>
    public long FirstOf(int block) => block < _blocks.Count ? _blocks[block].FirstEntry : End.Entries;

    /// <summary>The block that an entry is in.</summary>
    public int Find(long entry)
    {
        int low = 0, high = _blocks.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_blocks[middle].FirstEntry <= entry)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>The index and the footer, as they stand in the object.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[(_blocks.Count * EntrySize) + FooterSize];
        var rest = bytes.AsSpan();
        foreach (var block in _blocks)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, block.FirstEntry);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], block.Offset);
            rest = rest[EntrySize..];
        }

        BinaryPrimitives.WriteInt64LittleEndian(rest, Id.Value);
        BinaryPrimitives.WriteInt64LittleEndian(rest[8..], End.Entries);
        BinaryPrimitives.WriteInt64LittleEndian(rest[16..], End.Bytes);
        BinaryPrimitives.WriteInt64LittleEndian(rest[24..], DataBytes);
        BinaryPrimitives.WriteInt32LittleEndian(rest[32..], _blocks.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[36..], Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[44..], Crc32C.Of(bytes.AsSpan(0, bytes.Length - sizeof(uint))));
        return bytes;
    }

    /// <summary>How many bytes index and footer have together, by the footer.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static int SizeOf(ReadOnlySpan<byte> footer)
    {
        var blocks = BinaryPrimitives.ReadInt32LittleEndian(footer[32..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(footer[36..]) == Magic && blocks is >= 0 and < int.MaxValue / EntrySize - FooterSize
            ? (blocks * EntrySize) + FooterSize
            : throw new FormatException("it does not end as an offloaded ledger does");
    }

    /// <summary>Reads index and footer.</summary>
    /// <exception cref="FormatException">They are not what was written.</exception>
    public static ColdIndex Read(ReadOnlySpan<byte> bytes)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) != Crc32C.Of(bytes[..^4]))
        {
            throw new FormatException("its index does not have its checksum");
        }

        var footer = bytes[^FooterSize..];
        var index = new ColdIndex(new LedgerId(BinaryPrimitives.ReadInt64LittleEndian(footer)))
        {
            End = new LedgerEnd(BinaryPrimitives.ReadInt64LittleEndian(footer[8..]) - 1, BinaryPrimitives.ReadInt64LittleEndian(footer[16..])),
            DataBytes = BinaryPrimitives.ReadInt64LittleEndian(footer[24..]),
        };
        for (var rest = bytes[..^FooterSize]; rest.Length > 0; rest = rest[EntrySize..])
        {
            index.Add(BinaryPrimitives.ReadInt64LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[8..]));
        }

        return index;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Block(long FirstEntry, long Offset);
}
