using System.Text;

namespace Virga.Functions.Wire;

/// <summary>Reads an answer of the platform from its beginning to its end.</summary>
internal struct AnswerReader(ReadOnlyMemory<byte> bytes)
{
    private int at;

    public byte Byte() => bytes.Span[at++];

    public ulong Varint()
    {
        ReadOnlySpan<byte> span = bytes.Span;
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = span[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    public int Count() => checked((int)Varint());

    public long Signed()
    {
        ulong value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public ReadOnlyMemory<byte> Take(int size)
    {
        ReadOnlyMemory<byte> taken = bytes.Slice(at, size);
        at += size;
        return taken;
    }

    public ReadOnlyMemory<byte> Bytes() => Take(Count());

    public string Text() => Encoding.UTF8.GetString(Bytes().Span);

    public StateVersion Version() => new(Take(StateVersion.Size).Span);

    public WireValue Value()
    {
        ReadOnlyMemory<byte> tagged = Bytes();
        return new WireValue((ValueTag)tagged.Span[0], tagged[1..]);
    }

    /// <summary>Throws when the answer is a problem; else it follows.</summary>
    /// <exception cref="PlatformException">The platform did not do what was asked.</exception>
    public void Check()
    {
        if (Byte() != 0)
        {
            throw PlatformException.FromProblem(bytes.Span[at..]);
        }
    }

    /// <summary>Why a state command has no result; else null, and it follows.</summary>
    public PlatformException? ProblemOfResult() => Byte() == 0 ? null : PlatformException.FromProblem(Bytes().Span);
}
