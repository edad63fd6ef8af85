using System.Buffers.Binary;
using System.Numerics;

namespace Virga.Core.Storage;

/// <summary>The Castagnoli checksum, by the processor's own instruction where it has one.</summary>
public static class Crc32C
{
    /// <summary>The checksum of bytes, going on from that of earlier ones.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes, uint earlier = 0)
    {
        var crc = ~earlier;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }
}
