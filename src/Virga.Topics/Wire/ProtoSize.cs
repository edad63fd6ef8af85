using System.Numerics;
using System.Text;

namespace Virga.Topics.Wire;

/// <summary>How many bytes the fields of a protocol buffer take.</summary>
public static class ProtoSize
{
    /// <summary>Of a number's field.</summary>
    public static int Number(int field, long value) => Varint((uint)field << 3) + Varint(unchecked((ulong)value));

    /// <summary>Of a field of so many bytes.</summary>
    public static int Bytes(int field, int length) => Varint((uint)field << 3) + Varint((uint)length) + length;

    /// <summary>Of a text's field.</summary>
    public static int Text(int field, string value) => Bytes(field, Encoding.UTF8.GetByteCount(value));

    /// <summary>Of a number alone.</summary>
    public static int Varint(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;
}
