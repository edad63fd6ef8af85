using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// What stands before the data in a message of a ledger's stream; <c>docs/topics.md</c> has its layout. In a header of fixed size rather than in AMQP's, which a stream would
/// translate twice.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Epoch">Who wrote it.</param>
/// <param name="Number">An entry's place; what tells a fence from others of its epoch.</param>
/// <param name="LastConfirmed">The last entry that was confirmed when this one was sent: all up to it are in the stream before this one.</param>
/// <param name="TotalBytes">The bytes of all entries up to this one, with it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StreamRecord(StreamRecordKind Kind, long Epoch, long Number, long LastConfirmed, long TotalBytes)
{
    /// <summary>The bytes of the header.</summary>
    public const int Size = 40;

    // "VL", the version of the layout.
    private const ushort Magic = 0x4C56;
    private const byte Version = 1;
    private const int CrcOffset = 36;

    /// <summary>Writes the header and the data behind it.</summary>
    public void Write(Span<byte> into, ReadOnlySpan<byte> data)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(into, Magic);
        into[2] = Version;
        into[3] = (byte)Kind;
        BinaryPrimitives.WriteInt64LittleEndian(into[4..], Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(into[12..], Number);
        BinaryPrimitives.WriteInt64LittleEndian(into[20..], LastConfirmed);
        BinaryPrimitives.WriteInt64LittleEndian(into[28..], TotalBytes);
        data.CopyTo(into[Size..]);
        BinaryPrimitives.WriteUInt32LittleEndian(into[CrcOffset..], Crc32C.Of(data, Crc32C.Of(into[..CrcOffset])));
    }

    /// <summary>Reads a header; false when the message is none of a ledger's: somebody else has sent it, and it does not count.</summary>
    /// <exception cref="LedgerCorruptedException">It is not what was written.</exception>
    public static bool TryRead(ReadOnlySpan<byte> message, out StreamRecord record)
    {
        record = default;
        if (message.Length < Size || BinaryPrimitives.ReadUInt16LittleEndian(message) != Magic || message[2] != Version)
        {
            return false;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(message[CrcOffset..]) != Crc32C.Of(message[Size..], Crc32C.Of(message[..CrcOffset])))
        {
            throw new LedgerCorruptedException("A message of the stream does not have its checksum: it was changed after it was written. Restore RabbitMQ's data from a replica or a backup.");
        }

        record = new StreamRecord(
            (StreamRecordKind)message[3],
            BinaryPrimitives.ReadInt64LittleEndian(message[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(message[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(message[20..]),
            BinaryPrimitives.ReadInt64LittleEndian(message[28..]));
        return true;
    }
}
