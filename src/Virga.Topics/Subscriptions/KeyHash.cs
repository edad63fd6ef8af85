using System.Buffers.Binary;
using System.Numerics;
using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions;

/// <summary>
/// What key_shared subscriptions deal keys out by: MurmurHash3 (32 bits, seed 0) without its sign, as Pulsar's brokers compute it, so that hash ranges that a client asks for mean the same here.
/// </summary>
public static class KeyHash
{
    /// <summary>How many slots there are: a hash falls into one of 0 to 65,535.</summary>
    public const int Slots = 65_536;

    // Names up to this length are hashed without memory of their own; longer ones do not occur in practice.
    private const int StackLimit = 512;

    /// <summary>The hash of a key, from 0 to 2^31 - 1.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        var hash = 0u;
        var rest = key;
        while (rest.Length >= 4)
        {
            hash ^= Mix(BinaryPrimitives.ReadUInt32LittleEndian(rest));
            hash = (BitOperations.RotateLeft(hash, 13) * 5) + 0xe6546b64;
            rest = rest[4..];
        }

        var tail = 0u;
        for (var i = 0; i < rest.Length; i++)
        {
            tail |= (uint)rest[i] << (i * 8);
        }

        hash ^= Mix(tail);
        hash ^= (uint)key.Length;
        hash ^= hash >> 16;
        hash *= 0x85ebca6b;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35;
        hash ^= hash >> 16;
        return (int)(hash & int.MaxValue);
    }

    /// <summary>The slot of an entry: by its ordering key or key; without either by producer and number, so that entries without a key are spread as well.</summary>
    public static int SlotOf(in MessageHeader header)
    {
        if (header.HasKey || !header.StickyKey.IsEmpty)
        {
            return Of(header.StickyKey.Span) % Slots;
        }

        var producer = header.Producer.Span;
        Span<byte> text = producer.Length + 21 <= StackLimit ? stackalloc byte[StackLimit] : new byte[producer.Length + 21];
        producer.CopyTo(text);
        text[producer.Length] = (byte)'-';
        header.SequenceId.TryFormat(text[(producer.Length + 1)..], out var digits, provider: System.Globalization.CultureInfo.InvariantCulture);
        return Of(text[..(producer.Length + 1 + digits)]) % Slots;
    }

    private static uint Mix(uint block) => BitOperations.RotateLeft(block * 0xcc9e2d51, 15) * 0x1b873593;
}
