using System.Buffers.Binary;
using System.Text;
using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>Reads what <see cref="FrameWriter"/> writes. What is cut short, or says that it is longer than it can be, is an <see cref="InvalidDataException"/>.</summary>
internal ref struct FrameReader(ReadOnlyMemory<byte> data)
{
    private ReadOnlyMemory<byte> _rest = data;

    /// <summary>How many bytes are left.</summary>
    public readonly int Left => _rest.Length;

    public byte Byte() => Take(1).Span[0];

    public bool Flag() => Byte() != 0;

    public long Number() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)).Span);

    /// <summary>A number of things that each take at least one byte of what follows.</summary>
    public int Count()
    {
        var count = Number();
        return count >= 0 && count <= _rest.Length ? (int)count : throw Malformed();
    }

    /// <summary>Bytes of their own: the message that they came in is used again.</summary>
    public byte[] Bytes() => Take(Count()).ToArray();

    public string Text() => Encoding.UTF8.GetString(Take(Count()).Span);

    public Position Position() => new(Number(), Number());

    public MessageId Message() => new(Position(), (int)Number(), (int)Number());

    public DateTimeOffset? Time() => Number() is var milliseconds && milliseconds == long.MinValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public long[]? Bits()
    {
        var count = Number();
        if (count < 0)
        {
            return null;
        }

        if (count * sizeof(long) > _rest.Length)
        {
            throw Malformed();
        }

        var bits = new long[count];
        for (var i = 0; i < bits.Length; i++)
        {
            bits[i] = Number();
        }

        return bits;
    }

    public List<KeyValuePair<string, string>> Pairs()
    {
        var pairs = new List<KeyValuePair<string, string>>();
        for (var left = Count(); left > 0; left--)
        {
            pairs.Add(new KeyValuePair<string, string>(Text(), Text()));
        }

        return pairs;
    }

    public Problem Problem()
    {
        var (type, title, status, fault, detail, fix) = (Text(), Text(), (int)Number(), (Fault)Byte(), Text(), Text());
        return type.StartsWith(Core.Problems.Problem.TypePrefix, StringComparison.Ordinal)
            ? new Problem { Type = type, Title = title, Status = status, Fault = fault, Detail = detail.Length > 0 ? detail : null, Fix = fix.Length > 0 ? fix : null }
            : throw Malformed();
    }

    private static InvalidDataException Malformed() => new("A message about a topic ends too early.");

    private ReadOnlyMemory<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            throw Malformed();
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
