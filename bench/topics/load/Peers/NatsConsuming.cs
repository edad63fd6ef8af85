namespace Virga.Bench.Topics.Load.Peers;

/// <summary>MSG.</summary>
internal sealed class NatsConsuming(Wire wire) : Consuming(wire)
{
    private bool _isPinged;

    public override int Read(ReadOnlyMemory<byte> received)
    {
        var bytes = received.Span;
        var consumed = 0;
        while (NatsLine.TryRead(bytes[consumed..], out var line, out var size))
        {
            if (line.StartsWith("MSG"u8))
            {
                var length = NatsLine.LastNumber(line);
                if (bytes.Length - consumed < size + length + 2)
                {
                    break;
                }

                Take(bytes.Slice(consumed + size, length), 1);
                size += length + 2;
            }
            else
            {
                NatsLine.Check(line);
                _isPinged |= line.SequenceEqual("PING"u8);
            }

            consumed += size;
        }

        return consumed;
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
