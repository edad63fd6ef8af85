namespace Virga.Topics.Clients;

/// <summary>What Pulsar's clients route by, so that a key has one partition whoever publishes.</summary>
public static class RoutingHash
{
    /// <summary>The partition of a key.</summary>
    /// <param name="key">The key, as text.</param>
    /// <param name="partitions">How many there are, at least 1.</param>
    /// <param name="kind">By which hash.</param>
    public static int Partition(string key, int partitions, RoutingHashKind kind) => Of(key, kind) % partitions;

    /// <summary>The hash of a key, from 0 on.</summary>
    public static int Of(string key, RoutingHashKind kind) => kind == RoutingHashKind.Murmur3 ? Murmur3(key) : JavaString(key);

    // Over UTF-16 units, as Java's strings are made of the same.
    private static int JavaString(string key)
    {
        var hash = 0;
        foreach (var unit in key)
        {
            hash = unchecked((31 * hash) + unit);
        }

        return hash & int.MaxValue;
    }

    // MurmurHash3_x86_32 with seed 0 over UTF-8 (Appleby, 2011).
    private static int Murmur3(string key)
    {
        const uint first = 0xcc9e2d51, second = 0x1b873593;
        ReadOnlySpan<byte> bytes = System.Text.Encoding.UTF8.GetBytes(key);
        var (hash, length) = (0u, bytes.Length);
        for (; bytes.Length >= sizeof(uint); bytes = bytes[sizeof(uint)..])
        {
            hash ^= Mix(System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes));
            hash = unchecked((uint.RotateLeft(hash, 13) * 5) + 0xe6546b64);
        }

        var tail = 0u;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            tail = (tail << 8) | bytes[i];
        }

        hash ^= Mix(tail) ^ (uint)length;
        hash = unchecked((hash ^ (hash >> 16)) * 0x85ebca6b);
        hash = unchecked((hash ^ (hash >> 13)) * 0xc2b2ae35);
        return (int)((hash ^ (hash >> 16)) & int.MaxValue);

        static uint Mix(uint block) => unchecked(uint.RotateLeft(block * first, 15) * second);
    }
}
