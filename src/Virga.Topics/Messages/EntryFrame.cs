using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Virga.Core.Storage;

namespace Virga.Topics.Messages;

/// <summary>
/// Where the parts of an entry lie: <c>[0x0e02, size, broker's metadata] 0x0e01, CRC32C, metadata's size, metadata, payload</c>, numbers in network order. The checksum is of all that comes behind it.
/// </summary>
/// <param name="Checksum">What the producer says that the checksum is.</param>
/// <param name="CheckedAt">Where what the checksum covers begins: the metadata's size.</param>
/// <param name="MetadataAt">Where the metadata begins.</param>
/// <param name="PayloadAt">Where the payload begins.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EntryFrame(uint Checksum, int CheckedAt, int MetadataAt, int PayloadAt)
{
    /// <summary>What an entry begins with.</summary>
    public const ushort Magic = 0x0e01;

    /// <summary>What an entry begins with to which a broker has added something of its own.</summary>
    public const ushort BrokerMagic = 0x0e02;

    /// <summary>The bytes before the metadata in what <see cref="Seal"/> makes whole: magic, checksum, size.</summary>
    public const int HeadSize = sizeof(ushort) + sizeof(uint) + sizeof(int);

    /// <summary>Finds the parts; false where they do not fit into the entry.</summary>
    public static bool TryFind(ReadOnlySpan<byte> entry, out EntryFrame frame)
    {
        frame = default;
        var at = 0;
        if (entry.Length >= sizeof(ushort) && BinaryPrimitives.ReadUInt16BigEndian(entry) == BrokerMagic)
        {
            if (entry.Length < sizeof(ushort) + sizeof(int))
            {
                return false;
            }

            var size = BinaryPrimitives.ReadUInt32BigEndian(entry[sizeof(ushort)..]);
            at = sizeof(ushort) + sizeof(int);
            if (size > (uint)(entry.Length - at))
            {
                return false;
            }

            at += (int)size;
        }

        if (entry.Length - at < HeadSize || BinaryPrimitives.ReadUInt16BigEndian(entry[at..]) != Magic)
        {
            return false;
        }

        var checksum = BinaryPrimitives.ReadUInt32BigEndian(entry[(at + sizeof(ushort))..]);
        var checkedAt = at + sizeof(ushort) + sizeof(uint);
        var metadataAt = checkedAt + sizeof(int);
        var metadata = BinaryPrimitives.ReadUInt32BigEndian(entry[checkedAt..]);
        if (metadata > (uint)(entry.Length - metadataAt))
        {
            return false;
        }

        frame = new EntryFrame(checksum, checkedAt, metadataAt, metadataAt + (int)metadata);
        return true;
    }

    /// <summary>Fills in what stands before the metadata, the checksum last: metadata and payload are there already.</summary>
    public static void Seal(Span<byte> entry, int metadataSize)
    {
        BinaryPrimitives.WriteUInt16BigEndian(entry, Magic);
        BinaryPrimitives.WriteInt32BigEndian(entry[(sizeof(ushort) + sizeof(uint))..], metadataSize);
        BinaryPrimitives.WriteUInt32BigEndian(entry[sizeof(ushort)..], Crc32C.Of(entry[(sizeof(ushort) + sizeof(uint))..]));
    }
}
