using System.Buffers.Binary;
using System.Text;
using Virga.Core.Storage;
using Virga.Topics.Messages;
using Virga.Topics.Wire;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>SEND and SEND_RECEIPT. The entry is made once; for each send its number, its payload and its checksum are written anew, as clients do.</summary>
internal sealed class PulsarPublishing : Publishing
{
    private const int ChecksumAt = 2;
    private const int CheckedAt = 6;
    private const int NumberField = 2;
    private const int HighestNumberField = 24;

    // Takes five bytes, and so do all that follow.
    private const long FirstNumber = 1L << 30;

    private readonly byte[] _entry;
    private readonly int _numberAt;
    private readonly int _highestNumberAt;
    private readonly int _payloadAt;
    private long _number = FirstNumber;
    private bool _isPinged;

    public PulsarPublishing(Wire wire, string name, byte[] payload, int batch)
        : base(wire, payload, batch)
    {
        var message = new OutgoingMessage { Payload = Payload.ToArray() };
        var now = TimeProvider.System.GetUtcNow();
        _entry = batch == 1
            ? MessageWriter.Write(message, name, FirstNumber, now)
            : MessageWriter.WriteBatch([.. Enumerable.Repeat(message, batch)], name, FirstNumber, now);
        MessageCodec.TryReadHeader(_entry, out var header);

        // Of a batch the last message: nothing comes behind its payload.
        _payloadAt = _entry.Length - payload.Length;
        var metadataAt = CheckedAt + sizeof(int);
        var reader = new ProtoReader(_entry.AsSpan(metadataAt, header.PayloadOffset - metadataAt));
        for (var before = 0; reader.Next(); before += FieldSize(reader))
        {
            if (reader.Field == NumberField)
            {
                _numberAt = metadataAt + before + 1;
            }
            else if (reader.Field == HighestNumberField)
            {
                _highestNumberAt = metadataAt + before + 2;
            }
        }
    }

    public override int Write(Span<byte> target, long stamp)
    {
        WriteNumber(_entry.AsSpan(_numberAt), _number);
        if (_highestNumberAt > 0)
        {
            WriteNumber(_entry.AsSpan(_highestNumberAt), _number + Batch - 1);
        }

        Stamp(_entry.AsSpan(_payloadAt), stamp);
        BinaryPrimitives.WriteUInt32BigEndian(_entry.AsSpan(ChecksumAt), Crc32C.Of(_entry.AsSpan(CheckedAt)));

        Span<byte> body = stackalloc byte[32];
        var writer = new ProtoWriter(body);
        writer.Number(1, 0);
        writer.Number(2, _number);
        writer.Number(3, Batch);
        _number += Batch;
        var head = PulsarFrames.Write(target, PulsarFrames.Send, body[..writer.Length], _entry.Length);
        _entry.CopyTo(target[head..]);
        return head + _entry.Length;
    }

    public override (int Consumed, int Acknowledged) Read(ReadOnlySpan<byte> received)
    {
        int consumed = 0, acknowledged = 0;
        while (PulsarFrames.Read(received[consumed..], out var type, out var bodyAt, out var bodySize, out _) is var size and > 0)
        {
            switch (type)
            {
                case PulsarFrames.SendReceipt:
                    acknowledged++;
                    break;
                case PulsarFrames.Ping:
                    _isPinged = true;
                    break;
                case PulsarFrames.SendError or PulsarFrames.Error or PulsarFrames.CloseProducer:
                    throw new IOException($"Not published: {Encoding.UTF8.GetString(received.Slice(consumed + bodyAt, bodySize))}");
            }

            consumed += size;
        }

        return (consumed, acknowledged);
    }

    public override int WriteReplies(Span<byte> target)
    {
        if (!_isPinged)
        {
            return 0;
        }

        _isPinged = false;
        return PulsarFrames.Write(target, PulsarFrames.Pong, []);
    }

    private static int FieldSize(in ProtoReader reader) =>
        reader.Wire == WireType.Bytes ? ProtoSize.Bytes(reader.Field, reader.Bytes.Length) : ProtoSize.Number(reader.Field, reader.Signed);

    private static void WriteNumber(Span<byte> target, long value)
    {
        var rest = (ulong)value;
        var at = 0;
        for (; rest >= 0x80; rest >>= 7)
        {
            target[at++] = (byte)(rest | 0x80);
        }

        target[at] = (byte)rest;
    }
}
