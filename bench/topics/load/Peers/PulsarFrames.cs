using System.Buffers.Binary;
using System.Text;
using Virga.Topics.Wire;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>Pulsar's frames, as far as a benchmark needs them: PulsarApi.proto, release 4.0.</summary>
internal static class PulsarFrames
{
    public const int Connect = 2;
    public const int Connected = 3;
    public const int Subscribe = 4;
    public const int Producer = 5;
    public const int Send = 6;
    public const int SendReceipt = 7;
    public const int SendError = 8;
    public const int Message = 9;
    public const int Ack = 10;
    public const int Flow = 11;
    public const int Success = 13;
    public const int Error = 14;
    public const int CloseProducer = 15;
    public const int ProducerSuccess = 17;
    public const int Ping = 18;
    public const int Pong = 19;

    private const int HeadSize = 8;

    /// <summary>Writes a command without an entry; gives its length.</summary>
    public static int Write(Span<byte> target, int type, ReadOnlySpan<byte> body) => Write(target, type, body, 0);

    /// <summary>Writes a command that an entry of so many bytes follows; gives the length without it.</summary>
    public static int Write(Span<byte> target, int type, ReadOnlySpan<byte> body, int entry)
    {
        var writer = new ProtoWriter(target[HeadSize..]);
        writer.Number(1, type);
        writer.Bytes(type, body);
        BinaryPrimitives.WriteInt32BigEndian(target, sizeof(int) + writer.Length + entry);
        BinaryPrimitives.WriteInt32BigEndian(target[sizeof(int)..], writer.Length);
        return HeadSize + writer.Length;
    }

    /// <summary>The next whole frame: its command's type and body, and what follows; 0 where it is not all there.</summary>
    public static int Read(ReadOnlySpan<byte> received, out int type, out int bodyAt, out int bodySize, out int entryAt)
    {
        (type, bodyAt, bodySize, entryAt) = (0, 0, 0, 0);
        if (received.Length < HeadSize)
        {
            return 0;
        }

        var size = sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(received);
        if (received.Length < size)
        {
            return 0;
        }

        var command = BinaryPrimitives.ReadInt32BigEndian(received[sizeof(int)..]);
        entryAt = HeadSize + command;
        var reader = new ProtoReader(received.Slice(HeadSize, command));
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                type = reader.Int32;
            }
            else if (reader.Field == type)
            {
                (bodyAt, bodySize) = (HeadSize + reader.BytesAt, reader.Bytes.Length);
            }
        }

        return size;
    }

    /// <summary>Sends a command and waits for its answer.</summary>
    public static async ValueTask AskAsync(Wire wire, int type, byte[] body, int answer)
    {
        var frame = new byte[body.Length + 64];
        await wire.SendAsync(frame.AsMemory(0, Write(frame, type, body)));
        while (true)
        {
            var size = Read(wire.Received.Span, out var came, out var bodyAt, out var bodySize, out _);
            if (size == 0)
            {
                await wire.ReceiveAsync();
                continue;
            }

            if (came is Error or SendError)
            {
                throw new IOException($"Refused: {Encoding.UTF8.GetString(wire.Received.Span.Slice(bodyAt, bodySize))}");
            }

            wire.Consume(size);
            if (came == answer)
            {
                return;
            }
        }
    }

    /// <summary>The body of a CONNECT.</summary>
    public static byte[] ConnectBody()
    {
        var body = new byte[64];
        var writer = new ProtoWriter(body);
        writer.Text(1, "virga-bench");
        writer.Number(4, 19);
        return body[..writer.Length];
    }

    /// <summary>The body of a PRODUCER that the broker names.</summary>
    public static byte[] ProducerBody(string topic, long id)
    {
        var body = new byte[256];
        var writer = new ProtoWriter(body);
        writer.Text(1, topic);
        writer.Number(2, id);
        writer.Number(3, id);
        return body[..writer.Length];
    }
}
