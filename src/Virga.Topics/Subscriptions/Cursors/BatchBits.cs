using System.Numerics;

namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>Which messages of a batch are not acknowledged: one bit each, the first in the lowest; words that are not there are zero. Arrays are never changed once they were handed out.</summary>
internal static class BatchBits
{
    /// <summary>More words than any batch has: an entry of 5 MiB holds less than a million messages.</summary>
    public const int MaxWords = 1 << 14;

    public static int Count(long[] bits)
    {
        var count = 0;
        foreach (var word in bits)
        {
            count += BitOperations.PopCount((ulong)word);
        }

        return count;
    }

    /// <summary>What neither of the two knows to be acknowledged.</summary>
    public static long[] And(long[] left, ReadOnlySpan<long> right)
    {
        var both = new long[Math.Min(left.Length, right.Length)];
        for (var i = 0; i < both.Length; i++)
        {
            both[i] = left[i] & right[i];
        }

        return both;
    }

    /// <summary>The messages of a batch from one on.</summary>
    public static long[] From(int first, int messages)
    {
        var bits = new long[(messages + 63) / 64];
        for (var i = first; i < messages; i++)
        {
            bits[i >> 6] |= 1L << i;
        }

        return bits;
    }

    public static bool IsEmpty(long[] bits)
    {
        foreach (var word in bits)
        {
            if (word != 0)
            {
                return false;
            }
        }

        return true;
    }
}
