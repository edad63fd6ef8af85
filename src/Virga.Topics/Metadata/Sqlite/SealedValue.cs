using System.Buffers.Binary;
using Virga.Core.Storage;

namespace Virga.Topics.Metadata.Sqlite;

/// <summary>A value as it is stored: CRC32C of key, version and value (4 bytes, little-endian), then the value. SQLite checks none of its pages.</summary>
internal static class SealedValue
{
    public static byte[] Seal(MetadataKey key, long version, ReadOnlySpan<byte> value)
    {
        var bytes = new byte[sizeof(uint) + value.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Checksum(key, version, value));
        value.CopyTo(bytes.AsSpan(sizeof(uint)));
        return bytes;
    }

    /// <exception cref="FormatException">It is not what was written.</exception>
    public static ReadOnlyMemory<byte> Open(MetadataKey key, long version, byte[] bytes)
    {
        if (bytes.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Checksum(key, version, bytes.AsSpan(sizeof(uint))))
        {
            throw new FormatException($"the value of '{key}' does not have its checksum");
        }

        return bytes.AsMemory(sizeof(uint));
    }

    private static uint Checksum(MetadataKey key, long version, ReadOnlySpan<byte> value)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, version);
        return Crc32C.Of(value, Crc32C.Of(number, Crc32C.Of(key.Bytes)));
    }
}
