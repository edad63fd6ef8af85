using System.Buffers.Binary;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Cold;

/// <summary>Entries of an object that are read at once: each its length, a checksum of its place and its data, and the data.</summary>
internal sealed class ColdBlock
{
    /// <summary>The bytes before an entry's data.</summary>
    public const int HeaderSize = 8;

    private readonly LedgerEntry[] _entries;

    private ColdBlock(LedgerEntry[] entries, int bytes)
    {
        _entries = entries;
        Bytes = bytes;
    }

    /// <summary>The memory that it takes.</summary>
    public int Bytes { get; }

    /// <summary>Writes what comes before an entry's data.</summary>
    public static void WriteHeader(Span<byte> into, LedgerEntry entry)
    {
        BinaryPrimitives.WriteInt32LittleEndian(into, entry.Data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(into[4..], Checksum(entry.Id, entry.Data.Span));
    }

    /// <summary>Reads a block; the entries are parts of its bytes.</summary>
    /// <exception cref="FormatException">It is not what was written.</exception>
    public static ColdBlock Read(ReadOnlyMemory<byte> bytes, long firstEntry, long entries)
    {
        var read = new LedgerEntry[entries];
        var rest = bytes;
        for (var i = 0; i < read.Length; i++)
        {
            var id = firstEntry + i;
            var length = rest.Length >= HeaderSize ? BinaryPrimitives.ReadInt32LittleEndian(rest.Span) : -1;
            if (length < 0 || length > rest.Length - HeaderSize)
            {
                throw new FormatException($"entry {id} goes beyond its block");
            }

            var data = rest.Slice(HeaderSize, length);
            if (BinaryPrimitives.ReadUInt32LittleEndian(rest.Span[4..]) != Checksum(id, data.Span))
            {
                throw new FormatException($"entry {id} does not have its checksum");
            }

            read[i] = new LedgerEntry(id, data);
            rest = rest[(HeaderSize + length)..];
        }

        return new ColdBlock(read, bytes.Length);
    }

    /// <summary>Gives entries from one on, as long as there is room.</summary>
    /// <returns>Whether there is room for more.</returns>
    public bool CopyTo(ColdRead read)
    {
        for (var i = Math.Max(0, read.Next - _entries[0].Id); i < _entries.Length; i++)
        {
            if (!read.TryAdd(_entries[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static uint Checksum(long id, ReadOnlySpan<byte> data)
    {
        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(place, id);
        return Crc32C.Of(data, Crc32C.Of(place));
    }
}
