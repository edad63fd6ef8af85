using System.Text;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>PUB with a subject for JetStream's acknowledgement.</summary>
internal sealed class NatsPublishing(Wire wire, string subject, string inbox, byte[] payload, int times) : Publishing(wire, Repeat(payload, times), 1)
{
    private readonly byte[] _head = Encoding.UTF8.GetBytes($"PUB {subject} {inbox} {payload.Length * times}\r\n");
    private bool _isPinged;

    public override int Write(Span<byte> target, long stamp)
    {
        Stamp(Payload, stamp);
        _head.CopyTo(target);
        Payload.CopyTo(target[_head.Length..]);
        "\r\n"u8.CopyTo(target[(_head.Length + Payload.Length)..]);
        return _head.Length + Payload.Length + 2;
    }

    public override (int Consumed, int Acknowledged) Read(ReadOnlySpan<byte> received)
    {
        int consumed = 0, acknowledged = 0;
        while (NatsLine.TryRead(received[consumed..], out var line, out var size))
        {
            if (line.StartsWith("MSG"u8))
            {
                var length = NatsLine.LastNumber(line);
                if (received.Length - consumed < size + length + 2)
                {
                    break;
                }

                var answer = received.Slice(consumed + size, length);
                if (answer.IndexOf("\"error\""u8) >= 0)
                {
                    throw new IOException($"Not published: {Encoding.UTF8.GetString(answer)}");
                }

                acknowledged++;
                size += length + 2;
            }
            else
            {
                NatsLine.Check(line);
                _isPinged |= line.SequenceEqual("PING"u8);
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
        "PONG\r\n"u8.CopyTo(target);
        return 6;
    }
}
