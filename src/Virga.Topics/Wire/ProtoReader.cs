using System.Buffers.Binary;

namespace Virga.Topics.Wire;

/// <summary>
/// Goes through the fields of a protocol buffer without allocating and without throwing: for the few messages that every entry carries. What it cannot read ends it, with <see cref="IsMalformed"/> set.
/// </summary>
/// <param name="data">One whole message.</param>
public ref struct ProtoReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _at;

    /// <summary>The number of the field that was read last.</summary>
    public int Field { get; private set; }

    /// <summary>How it is encoded.</summary>
    public WireType Wire { get; private set; }

    /// <summary>Its value where it is a number.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its bytes where it is <see cref="WireType.Bytes"/>.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Where <see cref="Bytes"/> begins in the message.</summary>
    public int BytesAt { get; private set; }

    /// <summary>Whether reading ended at something that is no protocol buffer.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The value as a signed number.</summary>
    public readonly long Signed => unchecked((long)Number);

    /// <summary>The value as a signed number of 32 bits, cut as protocol buffers cut it.</summary>
    public readonly int Int32 => unchecked((int)Number);

    /// <summary>The value as a truth.</summary>
    public readonly bool Flag => Number != 0;

    /// <summary>Reads the next field; false at the end, or when it cannot be read.</summary>
    public bool Next()
    {
        if (_at >= _data.Length || IsMalformed)
        {
            return false;
        }

        if (!TryVarint(out var tag) || tag is < 8 or > uint.MaxValue)
        {
            return Fail();
        }

        Field = (int)(tag >> 3);
        Wire = (WireType)(tag & 7);
        Bytes = default;
        return Wire switch
        {
            WireType.Varint => TryVarint(out var number) ? Take(number) : Fail(),
            WireType.Bytes => TakeBytes(),
            WireType.Fixed64 => TakeFixed(sizeof(ulong)),
            WireType.Fixed32 => TakeFixed(sizeof(uint)),
            _ => Fail(),
        };
    }

    private bool Take(ulong number)
    {
        Number = number;
        return true;
    }

    private bool TakeBytes()
    {
        if (!TryVarint(out var length) || length > (ulong)(_data.Length - _at))
        {
            return Fail();
        }

        Number = length;
        BytesAt = _at;
        Bytes = _data.Slice(_at, (int)length);
        _at += (int)length;
        return true;
    }

    private bool TakeFixed(int size)
    {
        if (_data.Length - _at < size)
        {
            return Fail();
        }

        Number = size == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(_data[_at..]) : BinaryPrimitives.ReadUInt32LittleEndian(_data[_at..]);
        _at += size;
        return true;
    }

    private bool Fail()
    {
        IsMalformed = true;
        return false;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && _at < _data.Length; shift += 7)
        {
            var one = _data[_at++];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
