using System.Text;
using Virga.Core.Storage;
using Virga.Topics.Messages;
using Virga.Topics.Wire;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>MESSAGE, FLOW and ACK: a queue of a thousand messages, as clients have; checksums are checked, and what has come is acknowledged cumulatively.</summary>
internal sealed class PulsarConsuming(Wire wire) : Consuming(wire)
{
    private const int Queue = 1000;
    private const int ChecksumAt = 2;
    private const int CheckedAt = 6;

    private readonly byte[] _last = new byte[64];
    private int _lastSize;
    private int _permits = Queue;
    private bool _isPinged;

    public override int Read(ReadOnlyMemory<byte> received)
    {
        var consumed = 0;
        while (PulsarFrames.Read(received.Span[consumed..], out var type, out var bodyAt, out var bodySize, out var entryAt) is var size and > 0)
        {
            var body = received.Span.Slice(consumed + bodyAt, bodySize);
            switch (type)
            {
                case PulsarFrames.Message:
                    Keep(body);
                    Open(received[(consumed + entryAt)..(consumed + size)]);
                    break;
                case PulsarFrames.Ping:
                    _isPinged = true;
                    break;
                case PulsarFrames.Error:
                    throw new IOException($"Refused: {Encoding.UTF8.GetString(body)}");
            }

            consumed += size;
        }

        return consumed;
    }

    public override int WriteReplies(Span<byte> target)
    {
        var length = 0;
        Span<byte> body = stackalloc byte[96];
        if (_lastSize > 0)
        {
            var writer = new ProtoWriter(body);
            writer.Number(1, 0);
            writer.Number(2, 1);
            writer.Bytes(3, _last.AsSpan(0, _lastSize));
            length += PulsarFrames.Write(target, PulsarFrames.Ack, body[..writer.Length]);
            _lastSize = 0;
        }

        if (_permits >= Queue / 2)
        {
            var writer = new ProtoWriter(body);
            writer.Number(1, 0);
            writer.Number(2, _permits);
            length += PulsarFrames.Write(target[length..], PulsarFrames.Flow, body[..writer.Length]);
            _permits = 0;
        }

        if (_isPinged)
        {
            length += PulsarFrames.Write(target[length..], PulsarFrames.Pong, []);
            _isPinged = false;
        }

        return length;
    }

    // The id goes back as it came.
    private void Keep(ReadOnlySpan<byte> body)
    {
        const int idField = 2;
        var reader = new ProtoReader(body);
        while (reader.Next())
        {
            if (reader.Field == idField)
            {
                reader.Bytes.CopyTo(_last);
                _lastSize = reader.Bytes.Length;
            }
        }
    }

    private void Open(ReadOnlyMemory<byte> entry)
    {
        if (!MessageCodec.TryReadHeader(entry, out var header) || Crc32C.Of(entry.Span[CheckedAt..]) != System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(entry.Span[ChecksumAt..]))
        {
            throw new IOException("An entry is damaged.");
        }

        _permits += header.Messages;
        Take(entry.Span[header.PayloadOffset..], header.Messages);
    }
}
