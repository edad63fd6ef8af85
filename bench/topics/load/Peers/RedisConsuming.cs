using System.Text;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>XREAD, again as soon as the last is answered, which waits until there is something.</summary>
internal sealed class RedisConsuming(Wire wire, string key, string from) : Consuming(wire)
{
    // Of an entry: its id, the field and the value.
    private const int TextsOfEntry = 3;

    private byte[] _last = Encoding.ASCII.GetBytes(from);
    private bool _isAsked;

    // Values that the answer still has, and how many texts have come; the first is the stream's name.
    private int _open;
    private int _texts;

    public override int Read(ReadOnlyMemory<byte> received)
    {
        var bytes = received.Span;
        var consumed = 0;
        while (_isAsked && bytes[consumed..].IndexOf((byte)'\n') is var end and > 0)
        {
            var line = bytes.Slice(consumed, end - 1);
            var count = line[0] is (byte)'*' or (byte)'$' ? NatsLine.LastNumber(line[1..]) : throw new IOException($"Refused: {Encoding.UTF8.GetString(line)}");
            var size = end + 1;
            if (line[0] == '$')
            {
                size += count + 2;
                if (bytes.Length - consumed < size)
                {
                    break;
                }

                Text(bytes.Slice(consumed + end + 1, count));
                _open--;
            }
            else
            {
                _open += count - 1;
            }

            consumed += size;
            if (_open == 0)
            {
                (_isAsked, _texts) = (false, 0);
            }
        }

        return consumed;
    }

    public override int WriteReplies(Span<byte> target)
    {
        if (_isAsked)
        {
            return 0;
        }

        (_isAsked, _open) = (true, 1);
        var text = $"*8\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$4\r\n1000\r\n$5\r\nBLOCK\r\n$1\r\n0\r\n$7\r\nSTREAMS\r\n${key.Length}\r\n{key}\r\n${_last.Length}\r\n{Encoding.ASCII.GetString(_last)}\r\n";
        return Encoding.ASCII.GetBytes(text, target);
    }

    private void Text(ReadOnlySpan<byte> text)
    {
        switch (_texts++ % TextsOfEntry)
        {
            case 0 when _texts == 1:
                break;
            case 1:
                _last = text.ToArray();
                break;
            case 0:
                Take(text, 1);
                break;
        }
    }
}
