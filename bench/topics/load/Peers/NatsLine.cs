using System.Text;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>The lines of NATS's protocol.</summary>
internal static class NatsLine
{
    /// <summary>The next line and its length with its end; false where it is not all there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> received, out ReadOnlySpan<byte> line, out int size)
    {
        var end = received.IndexOf((byte)'\n');
        size = end + 1;
        line = end < 1 ? default : received[..(end - 1)];
        return end >= 1;
    }

    /// <summary>The number at the end of a line: the length of what follows.</summary>
    public static int LastNumber(ReadOnlySpan<byte> line)
    {
        var number = 0;
        foreach (var one in line[(line.LastIndexOf((byte)' ') + 1)..])
        {
            number = (number * 10) + one - '0';
        }

        return number;
    }

    /// <summary>Throws where the line is an error.</summary>
    public static void Check(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("-ERR"u8))
        {
            throw new IOException($"NATS: {Encoding.UTF8.GetString(line)}");
        }
    }
}
