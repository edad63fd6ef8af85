using System.Text;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>XADD with one field.</summary>
internal sealed class RedisPublishing(Wire wire, string key, byte[] payload, int times) : Publishing(wire, Repeat(payload, times), 1)
{
    private readonly byte[] _head = Encoding.UTF8.GetBytes($"*5\r\n$4\r\nXADD\r\n${key.Length}\r\n{key}\r\n$1\r\n*\r\n$1\r\nd\r\n${payload.Length * times}\r\n");

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
        while (received[consumed..].IndexOf((byte)'\n') is var end and > 0)
        {
            var line = received.Slice(consumed, end - 1);
            if (line[0] != '$')
            {
                throw new IOException($"Not published: {Encoding.UTF8.GetString(line)}");
            }

            // The id of the entry follows.
            var whole = end + 1 + NatsLine.LastNumber(line[1..]) + 2;
            if (received.Length - consumed < whole)
            {
                break;
            }

            consumed += whole;
            acknowledged++;
        }

        return (consumed, acknowledged);
    }
}
