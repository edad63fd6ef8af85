using System.Buffers.Binary;
using Virga.Worker.Channel;

namespace Virga.Worker.Calls;

/// <summary>The frames in which requests and answers travel, in pieces where they are large.</summary>
internal static class AskFrames
{
    private const int Head = 5;
    private const byte MoreFollows = 1;
    private const int LargestPiece = FrameLimits.StreamedBody - Head;

    // The node has room for a bounded number of bytes of requests that are not whole: of those in pieces, one is sent at a time. Held while the node
    // takes them; the reader never waits for it.
    private static readonly Lock Large = new();

    public static void Send(FrameWriter writer, uint call, uint id, ReadOnlySpan<byte> request)
    {
        if (request.Length <= LargestPiece)
        {
            SendPiece(writer, call, id, request, more: false);
            return;
        }

        lock (Large)
        {
            while (!request.IsEmpty)
            {
                int size = Math.Min(request.Length, LargestPiece);
                SendPiece(writer, call, id, request[..size], more: size < request.Length);
                request = request[size..];
            }
        }
    }

    public static void SendWithdrawal(FrameWriter writer, uint call, uint id)
    {
        FrameBuffer frame = writer.Begin(FrameKind.Withdraw, call);
        Span<byte> body = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(body, id);
        frame.Append(body);
        writer.Send(frame);
    }

    /// <summary>What an answer's frame is a piece of.</summary>
    /// <exception cref="ProtocolException">The frame is too short.</exception>
    public static (uint Id, bool More, int Head) Read(ReadOnlySpan<byte> body) => body.Length < Head
        ? throw new ProtocolException("The body of an ANSWER frame begins with 4 bytes of its id and a byte of flags.")
        : (BinaryPrimitives.ReadUInt32LittleEndian(body), (body[4] & MoreFollows) != 0, Head);

    private static void SendPiece(FrameWriter writer, uint call, uint id, ReadOnlySpan<byte> piece, bool more)
    {
        FrameBuffer frame = writer.Begin(FrameKind.Ask, call);
        Span<byte> head = stackalloc byte[Head];
        BinaryPrimitives.WriteUInt32LittleEndian(head, id);
        head[4] = more ? MoreFollows : (byte)0;
        frame.Append(head);
        frame.Append(piece);
        writer.Send(frame);
    }
}
