using System.Buffers;

namespace Virga.Cluster.Link;

/// <summary>A message that goes out in pieces; it owns a copy of its body.</summary>
internal sealed class OutgoingMessage
{
    private readonly LinkFrameKind _kind;
    private readonly byte _topic;
    private readonly ulong _id;
    private readonly int _length;
    private byte[] _body;
    private int _sent;

    public OutgoingMessage(LinkFrameKind kind, byte topic, ulong id, ReadOnlySpan<byte> body)
    {
        _kind = kind;
        _topic = topic;
        _id = id;
        _length = body.Length;
        _body = ArrayPool<byte>.Shared.Rent(Math.Max(1, body.Length));
        body.CopyTo(_body);
    }

    /// <summary>Writes the next frame.</summary>
    /// <returns>Whether it was the last one.</returns>
    public bool WriteNext(SendBuffer output, int pieceBytes)
    {
        var body = _body.AsSpan(_sent, Math.Min(pieceBytes, _length - _sent));
        var isWhole = _length <= pieceBytes;
        var isFirst = _sent == 0 && !isWhole;
        var extra = isFirst ? sizeof(int) : 0;
        var span = output.Append(LinkFrame.PrefixLength + extra + body.Length);
        LinkFrame.WritePrefix(span, _kind, isWhole ? (byte)0 : isFirst ? LinkFrame.First : LinkFrame.Further, _topic, _id, extra + body.Length);
        if (isFirst)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(span[LinkFrame.PrefixLength..], _length);
        }

        body.CopyTo(span[(LinkFrame.PrefixLength + extra)..]);
        _sent += body.Length;
        return _sent == _length;
    }

    /// <summary>Gives its memory back.</summary>
    public void Release()
    {
        ArrayPool<byte>.Shared.Return(_body);
        _body = [];
    }
}
