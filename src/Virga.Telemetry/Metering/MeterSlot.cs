using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Virga.Core.Names;

namespace Virga.Telemetry.Metering;

/// <summary>One place of the journal. It says itself which position it holds and whether it is whole, so that a crash leaves nothing to guess.</summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal unsafe struct MeterSlot
{
    /// <summary>Size of a slot: a multiple of a cache line, and a divisor of a page.</summary>
    public const int Bytes = 256;

    private const int HeadBytes = 16;
    private const int EntryBytes = 48;
    private const int MaxName = (3 * ResourceName.MaxLength) + 2;

    private long _stamp;
    private uint _checksum;
    private uint _nameLength;
    private MeterEntry _entry;
    private fixed byte _name[Bytes - HeadBytes - EntryBytes];

    /// <summary>The position that it holds; -1 when it holds none. It says nothing about whether the slot is whole.</summary>
    public long Position => Volatile.Read(ref _stamp) - 1;

    /// <summary>What it holds.</summary>
    public readonly ref readonly MeterEntry Entry => ref System.Runtime.CompilerServices.Unsafe.AsRef(in _entry);

    /// <summary>The function's full name, in ASCII.</summary>
    public readonly ReadOnlySpan<byte> Name => MemoryMarshal.CreateReadOnlySpan(in _name[0], (int)_nameLength);

    /// <summary>Fills the slot; it holds the position from the moment at which all of it is there.</summary>
    public void Fill(long position, FunctionName name, in MeterEntry entry)
    {
        Volatile.Write(ref _stamp, 0);
        _entry = entry;
        _nameLength = (uint)WriteName(name);
        _checksum = Checksum(position + 1);
        Volatile.Write(ref _stamp, position + 1);
    }

    /// <summary>Whether it holds the position, and nothing of it is missing or changed.</summary>
    public bool IsWhole(long position) => Position == position && _nameLength <= MaxName && _checksum == Checksum(position + 1);

    private int WriteName(FunctionName name)
    {
        var text = MemoryMarshal.CreateSpan(ref _name[0], Bytes - HeadBytes - EntryBytes);
        var length = Put(text, 0, name.Tenant.Value);
        text[length++] = (byte)'/';
        length = Put(text, length, name.Namespace.Value);
        text[length++] = (byte)'/';
        length = Put(text, length, name.Name.Value);
        // The checksum goes over whole words.
        text.Slice(length, -length & 7).Clear();
        return length;
    }

    private static int Put(Span<byte> text, int at, string part)
    {
        Ascii.FromUtf16(part, text[at..], out var written);
        return at + written;
    }

    private readonly uint Checksum(long stamp)
    {
        var crc = BitOperations.Crc32C(~0u, (ulong)stamp);
        crc = BitOperations.Crc32C(crc, _nameLength);
        fixed (MeterEntry* start = &_entry)
        {
            var words = new ReadOnlySpan<ulong>(start, (EntryBytes + (int)_nameLength + 7) / sizeof(ulong));
            foreach (var word in words)
            {
                crc = BitOperations.Crc32C(crc, word);
            }
        }

        return crc;
    }
}
