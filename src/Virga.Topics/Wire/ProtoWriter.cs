using System.Text;

namespace Virga.Topics.Wire;

/// <summary>Writes the fields of a protocol buffer into a span that is large enough: its size is counted first, by <see cref="ProtoSize"/>.</summary>
/// <param name="target">Where to.</param>
public ref struct ProtoWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    /// <summary>How many bytes are written.</summary>
    public int Length { get; private set; }

    /// <summary>Writes a number. A negative one takes ten bytes, as in protocol buffers.</summary>
    public void Number(int field, long value)
    {
        Varint((uint)field << 3);
        Varint(unchecked((ulong)value));
    }

    /// <summary>Writes a truth.</summary>
    public void Flag(int field, bool value) => Number(field, value ? 1 : 0);

    /// <summary>Writes bytes.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Begin(field, value.Length);
        value.CopyTo(_target[Length..]);
        Length += value.Length;
    }

    /// <summary>Writes text.</summary>
    public void Text(int field, string value)
    {
        Begin(field, Encoding.UTF8.GetByteCount(value));
        Length += Encoding.UTF8.GetBytes(value, _target[Length..]);
    }

    /// <summary>Writes the beginning of a message inside; its fields follow, of so many bytes in all.</summary>
    public void Begin(int field, int size)
    {
        Varint(((uint)field << 3) | (uint)WireType.Bytes);
        Varint((uint)size);
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _target[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _target[Length++] = (byte)value;
    }
}
