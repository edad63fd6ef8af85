using System.Buffers.Binary;
using System.Text;

namespace Virga.Topics.Tests.Messages;

/// <summary>Makes entries byte by byte as the protocol's page describes them, apart from the code under test: fields one by one, the checksum bit by bit.</summary>
internal static class EntryBytes
{
    public static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    public static byte[] Bytes(int field, params byte[] value) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)value.Length), .. value];

    public static byte[] Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public static byte[] Property(int field, string key, string value) => Bytes(field, [.. Text(1, key), .. Text(2, value)]);

    /// <summary>The three fields that every entry has.</summary>
    public static byte[] Required(string producer = "p", long sequence = 7, long published = 1_700_000_000_000) => [.. Text(1, producer), .. Number(2, sequence), .. Number(3, published)];

    public static byte[] Entry(byte[] metadata, byte[] payload)
    {
        byte[] checkedPart = [.. Int32(metadata.Length), .. metadata, .. payload];
        return [0x0e, 0x01, .. Int32((int)Crc32C(checkedPart)), .. checkedPart];
    }

    /// <summary>What brokers put before an entry: their time and a number.</summary>
    public static byte[] WithBrokersPart(byte[] entry)
    {
        byte[] added = [.. Number(1, 1_700_000_000_001), .. Number(2, 42)];
        return [0x0e, 0x02, .. Int32(added.Length), .. added, .. entry];
    }

    public static byte[] Batched(byte[] metadata, byte[] payload)
    {
        byte[] whole = [.. metadata, .. Number(3, payload.Length)];
        return [.. Int32(whole.Length), .. whole, .. payload];
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static List<byte> Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }

    private static uint Crc32C(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78 : crc >> 1;
            }
        }

        return ~crc;
    }
}
