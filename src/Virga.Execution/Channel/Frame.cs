using System.Buffers.Binary;

namespace Virga.Execution.Channel;

/// <summary>One frame as it lies in the receive buffer; valid until the buffer is read into again.</summary>
internal readonly ref struct Frame
{
    /// <summary>Bytes before the header: length, kind, call and header length.</summary>
    public const int PrefixLength = 13;

    /// <summary>What the length field counts at least: kind, call and header length.</summary>
    public const int MinLength = 9;

    /// <summary>What the length field counts at most.</summary>
    public const int MaxLength = (1 << 20) + (64 << 10);

    /// <summary>The greatest piece of a streamed body that the node sends in one frame.</summary>
    public const int MaxBodyPiece = 64 << 10;

    private Frame(FrameKind kind, uint call, ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        Kind = kind;
        Call = call;
        Header = header;
        Body = body;
    }

    public FrameKind Kind { get; }

    public uint Call { get; }

    public ReadOnlySpan<byte> Header { get; }

    public ReadOnlySpan<byte> Body { get; }

    /// <summary>
    /// Takes the first frame off <paramref name="bytes"/>. Returns the bytes that it took, or 0 when the frame is not complete; then
    /// <paramref name="needed"/> is how many bytes it needs in all.
    /// </summary>
    /// <exception cref="WorkerProtocolException">The bytes are no frame.</exception>
    public static int Read(ReadOnlySpan<byte> bytes, out Frame frame, out int needed)
    {
        frame = default;
        needed = PrefixLength;
        if (bytes.Length < PrefixLength)
        {
            return 0;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var headerLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes[9..]);
        if (length is < MinLength or > MaxLength || headerLength > length - MinLength)
        {
            throw new WorkerProtocolException($"The worker wrote bytes to its channel that are no frame (length {length}, header {headerLength}).");
        }

        needed = (int)length + 4;
        if (bytes.Length < needed)
        {
            return 0;
        }

        var headerEnd = PrefixLength + (int)headerLength;
        frame = new Frame((FrameKind)bytes[4], BinaryPrimitives.ReadUInt32LittleEndian(bytes[5..]), bytes[PrefixLength..headerEnd], bytes[headerEnd..needed]);
        return needed;
    }

    /// <summary>Writes the fields before the header.</summary>
    public static void WritePrefix(Span<byte> destination, FrameKind kind, uint call, int headerLength, int bodyLength)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)(MinLength + headerLength + bodyLength));
        destination[4] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[5..], call);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[9..], (uint)headerLength);
    }
}
