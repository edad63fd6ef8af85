using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Virga.State.Binary;

/// <summary>Writes the primitives of the binary forms; <see cref="ByteReader"/> reads them.</summary>
public static class ByteWriting
{
    /// <summary>One byte.</summary>
    public static void WriteByte(this IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    /// <summary>Eight bytes, little-endian.</summary>
    public static void WriteUInt64(this IBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    /// <summary>Eight bytes, IEEE 754.</summary>
    public static void WriteDouble(this IBufferWriter<byte> output, double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    /// <summary>LEB128.</summary>
    public static void WriteVarint(this IBufferWriter<byte> output, ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }

    /// <summary>A signed number, zigzag and LEB128.</summary>
    public static void WriteSigned(this IBufferWriter<byte> output, long value) => output.WriteVarint((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>A length and the bytes.</summary>
    public static void WriteBytes(this IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        output.WriteVarint((ulong)bytes.Length);
        output.Write(bytes);
    }

    /// <summary>A length and the text as UTF-8.</summary>
    public static void WriteText(this IBufferWriter<byte> output, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        output.WriteVarint((ulong)length);
        Encoding.UTF8.GetBytes(text, output.GetSpan(Math.Max(1, length)));
        output.Advance(length);
    }
}
