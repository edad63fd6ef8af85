using System.Buffers.Binary;
using System.Text;

namespace Virga.State.Binary;

/// <summary>Reads the primitives of the binary forms, and refuses whatever is cut off or too large.</summary>
public ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>What has not been read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Whether everything has been read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>One byte.</summary>
    public byte ReadByte() => Take(1)[0];

    /// <summary>Eight bytes, little-endian.</summary>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Eight bytes, IEEE 754.</summary>
    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    /// <summary>LEB128, at most ten bytes.</summary>
    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = ReadByte();
            if (shift == 63 && next > 1)
            {
                break;
            }

            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                // One form for each number, so that equal contents have equal bytes.
                return next == 0 && shift > 0 ? throw new StateEncodingException("A number is longer than it has to be.") : value;
            }
        }

        throw new StateEncodingException("A number has more than 64 bits.");
    }

    /// <summary>A signed number, zigzag and LEB128.</summary>
    public long ReadSigned()
    {
        var value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A count of things of which each takes at least <paramref name="leastBytes"/>: so that a small input cannot ask for large memory.</summary>
    public int ReadCount(int leastBytes = 1)
    {
        var count = ReadVarint();
        return count <= (ulong)(_rest.Length / Math.Max(1, leastBytes)) ? (int)count : throw new StateEncodingException($"{count} things cannot be in {_rest.Length} bytes.");
    }

    /// <summary>A length and so many bytes.</summary>
    public ReadOnlySpan<byte> ReadBytes() => Take(ReadCount());

    /// <summary>A length and so many bytes of UTF-8.</summary>
    public string ReadText()
    {
        try
        {
            return Strict.GetString(ReadBytes());
        }
        catch (DecoderFallbackException e)
        {
            throw new StateEncodingException("A text is no UTF-8.", e);
        }
    }

    /// <summary>So many bytes.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new StateEncodingException($"{count} bytes were expected where {_rest.Length} are left.");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
