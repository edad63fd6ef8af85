using System.Buffers.Binary;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>Makes an entry one that brokers write for each other: nobody gets it.</summary>
internal static class MarkerEntry
{
    // magic (2), checksum (4), then the metadata's length.
    private const int SizeAt = 6;

    /// <summary>The entry with field 20 of its metadata, a varint, set; its checksum is not that of what it holds now.</summary>
    public static byte[] Of(byte[] entry)
    {
        var size = BinaryPrimitives.ReadInt32BigEndian(entry.AsSpan(SizeAt));
        byte[] marked = [.. entry[..(SizeAt + 4 + size)], 0xa0, 0x01, 0x0a, .. entry[(SizeAt + 4 + size)..]];
        BinaryPrimitives.WriteInt32BigEndian(marked.AsSpan(SizeAt), size + 3);
        return marked;
    }
}
