using System.Buffers;
using System.Buffers.Binary;

namespace Virga.Cluster.Link;

/// <summary>
/// Frames as they are on the wire: <c>u32 length, u8 kind, u8 topic, u64 id, body</c>, little-endian; the length counts what follows it. A message that is
/// longer than a piece is several frames of one kind and id: the first has the flag <see cref="First"/> and begins with the message's length (u32), the others
/// have the flag <see cref="Further"/>.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Flags">Whether it is part of a longer message.</param>
/// <param name="Topic">What the message is about.</param>
/// <param name="Id">Which message of the sender; of an answer, which ask.</param>
/// <param name="Body">The rest.</param>
internal readonly record struct LinkFrame(LinkFrameKind Kind, byte Flags, byte Topic, ulong Id, ReadOnlySequence<byte> Body)
{
    /// <summary>Bytes before the body.</summary>
    public const int PrefixLength = 14;

    /// <summary>The first frame of a longer message.</summary>
    public const byte First = 0x40;

    /// <summary>A further frame of a longer message.</summary>
    public const byte Further = 0x80;

    private const int LengthField = 4;

    /// <summary>Writes what comes before the body.</summary>
    public static void WritePrefix(Span<byte> output, LinkFrameKind kind, byte flags, byte topic, ulong id, int bodyLength)
    {
        BinaryPrimitives.WriteInt32LittleEndian(output, PrefixLength - LengthField + bodyLength);
        output[4] = (byte)((byte)kind | flags);
        output[5] = topic;
        BinaryPrimitives.WriteUInt64LittleEndian(output[6..], id);
    }

    /// <summary>Reads one frame from the beginning of a buffer, which then begins after it.</summary>
    /// <returns>False when the frame has not come as a whole.</returns>
    /// <exception cref="LinkRefusedException">It is too long, or of no known kind.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, int maxBody, out LinkFrame frame)
    {
        frame = default;
        if (buffer.Length < PrefixLength)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(prefix);
        if (length < PrefixLength - LengthField || length > PrefixLength - LengthField + maxBody)
        {
            throw new LinkRefusedException($"A frame says that it has {length} bytes.");
        }

        var kind = (LinkFrameKind)(prefix[4] & 0x3f);
        var flags = (byte)(prefix[4] & 0xc0);
        if (kind is < LinkFrameKind.Post or > LinkFrameKind.KeepAlive || flags == (First | Further) || (flags != 0 && kind is LinkFrameKind.Cancel or LinkFrameKind.KeepAlive))
        {
            throw new LinkRefusedException($"There is no frame of kind {prefix[4]}.");
        }

        if (buffer.Length < LengthField + length)
        {
            return false;
        }

        var id = BinaryPrimitives.ReadUInt64LittleEndian(prefix[6..]);
        frame = new LinkFrame(kind, flags, prefix[5], id, buffer.Slice(PrefixLength, length - (PrefixLength - LengthField)));
        buffer = buffer.Slice(LengthField + length);
        return true;
    }
}
