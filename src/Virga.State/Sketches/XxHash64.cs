using System.Buffers.Binary;
using System.Numerics;

namespace Virga.State.Sketches;

/// <summary>
/// Yann Collet's xxHash of 64 bits (github.com/Cyan4973/xxHash, doc/xxhash_spec.md): what sketches take of a value, the same on every node and in every version, since
/// sketches are stored and merged. .NET's own hash codes differ from process to process.
/// </summary>
public static class XxHash64
{
    private const ulong P1 = 0x9E3779B185EBCA87;
    private const ulong P2 = 0xC2B2AE3D27D4EB4F;
    private const ulong P3 = 0x165667B19E3779F9;
    private const ulong P4 = 0x85EBCA77C2B2AE63;
    private const ulong P5 = 0x27D4EB2F165667C5;

    /// <summary>The hash of bytes.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong seed = 0)
    {
        unchecked
        {
            var length = (ulong)bytes.Length;
            ulong hash;
            if (bytes.Length >= 32)
            {
                var (a, b, c, d) = (seed + P1 + P2, seed + P2, seed, seed - P1);
                while (bytes.Length >= 32)
                {
                    a = Round(a, Word(bytes));
                    b = Round(b, Word(bytes[8..]));
                    c = Round(c, Word(bytes[16..]));
                    d = Round(d, Word(bytes[24..]));
                    bytes = bytes[32..];
                }

                hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
                hash = Include(Include(Include(Include(hash, a), b), c), d);
            }
            else
            {
                hash = seed + P5;
            }

            return Finish(hash + length, bytes);
        }
    }

    /// <summary>A number whose bits all depend on all bits of the given one: another hash, made of a hash.</summary>
    public static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 33)) * P2;
            value = (value ^ (value >> 29)) * P3;
            return value ^ (value >> 32);
        }
    }

    private static ulong Finish(ulong hash, ReadOnlySpan<byte> rest)
    {
        unchecked
        {
            while (rest.Length >= 8)
            {
                hash = (BitOperations.RotateLeft(hash ^ Round(0, Word(rest)), 27) * P1) + P4;
                rest = rest[8..];
            }

            if (rest.Length >= 4)
            {
                hash = (BitOperations.RotateLeft(hash ^ (BinaryPrimitives.ReadUInt32LittleEndian(rest) * P1), 23) * P2) + P3;
                rest = rest[4..];
            }

            foreach (var one in rest)
            {
                hash = BitOperations.RotateLeft(hash ^ (one * P5), 11) * P1;
            }

            return Mix(hash);
        }
    }

    private static ulong Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    private static ulong Round(ulong lane, ulong word) => unchecked(BitOperations.RotateLeft(lane + (word * P2), 31) * P1);

    private static ulong Include(ulong hash, ulong lane) => unchecked(((hash ^ Round(0, lane)) * P1) + P4);
}
