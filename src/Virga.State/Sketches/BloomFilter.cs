using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using Virga.State.Binary;

namespace Virga.State.Sketches;

/// <summary>
/// Whether a value was added: never a wrong no, and seldom a wrong yes (Bloom, 1970), with positions from two hashes (Kirsch, Mitzenmacher, "Less Hashing, Same Performance", 2006).
/// The number of bits is a power of two, so that filters of different sizes merge to the lesser one.
/// </summary>
public sealed class BloomFilter : ISketch<BloomFilter>
{
    /// <summary>The logarithm of the least number of bits.</summary>
    public const int MinBits = 6;

    /// <summary>The logarithm of the greatest number of bits: 8 MiB.</summary>
    public const int MaxBits = 26;

    /// <summary>The most bits of one value.</summary>
    public const int MaxHashes = 30;

    // Beyond this many bits for each that is set, positions take less than the bits themselves: a gap has at most four bytes.
    private const int SparseFactor = 32;

    private readonly PagedWords _words;

    private BloomFilter(int bits, int hashes, PagedWords words)
    {
        (Bits, Hashes, _words) = (bits, hashes, words);
    }

    /// <summary>The logarithm of the number of bits.</summary>
    public int Bits { get; }

    /// <summary>How many bits one value sets.</summary>
    public int Hashes { get; }

    /// <summary>How likely a value that was not added is found, as full as the filter is.</summary>
    public double FalsePositives => Math.Pow(_words.Ones / Math.Pow(2, Bits), Hashes);

    /// <inheritdoc/>
    public int MemoryBytes => 48 + _words.MemoryBytes;

    /// <inheritdoc/>
    public int EncodedBytes => 8 + (IsSparse(_words.Ones, Bits) ? (int)_words.Ones * 4 : 1 << Bits >> 3);

    /// <summary>A filter of no value.</summary>
    /// <param name="bits">The logarithm of the number of bits.</param>
    /// <param name="hashes">How many bits one value sets.</param>
    public static BloomFilter Empty(int bits, int hashes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, MinBits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, MaxBits);
        ArgumentOutOfRangeException.ThrowIfLessThan(hashes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hashes, MaxHashes);
        return new BloomFilter(bits, hashes, PagedWords.Zero(1 << bits >> 6));
    }

    /// <summary>
    /// The bits, as a logarithm, and hashes with which a filter gives at most so many wrong answers; bits may be more than there can be.
    /// A number of bits is a power of two and a number of hashes is whole, so that mostly it gives fewer.
    /// </summary>
    /// <param name="capacity">How many values are added.</param>
    /// <param name="falsePositives">How likely a wrong yes may be then.</param>
    public static (int Bits, int Hashes) SizeFor(long capacity, double falsePositives)
    {
        var least = capacity * -Math.Log(falsePositives) / (Math.Log(2) * Math.Log(2));
        var bits = Math.Max(MinBits, (int)Math.Ceiling(Math.Log2(Math.Max(least, 1))));
        for (; ; bits++)
        {
            var hashes = Math.Clamp((int)Math.Round(Math.Pow(2, bits) / capacity * Math.Log(2)), 1, MaxHashes);

            // The fewest that will do: with more room than needed, fewer bits of each value fill it less and cost less.
            for (var fewer = 1; fewer <= hashes; fewer++)
            {
                if (Math.Pow(1 - Math.Exp(-fewer * capacity / Math.Pow(2, bits)), fewer) <= falsePositives)
                {
                    return (bits, fewer);
                }
            }

            if (bits > MaxBits)
            {
                return (bits, hashes);
            }
        }
    }

    /// <summary>The least filter that adds values to this one.</summary>
    public BloomFilter Addition(ReadOnlySpan<ulong> hashes)
    {
        var added = PagedWords.Zero(_words.Length).ToBuilder();
        foreach (var hash in hashes)
        {
            var (position, step) = Begin(hash);
            for (var i = 0; i < Hashes; i++, position += step)
            {
                var at = At(position);
                if ((_words[at >> 6] >> (at & 63) & 1) == 0)
                {
                    added[at >> 6] |= 1UL << (at & 63);
                }
            }
        }

        return new BloomFilter(Bits, Hashes, added.ToWords());
    }

    /// <summary>Whether a value was added; sometimes yes of one that was not.</summary>
    public bool Has(ulong hash)
    {
        var (position, step) = Begin(hash);
        for (var i = 0; i < Hashes; i++, position += step)
        {
            var at = At(position);
            if ((_words[at >> 6] >> (at & 63) & 1) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How many different values were added (Swamidass, Baldi, 2007). A filter that is full knows only that they were many: it counts as one with half a bit left.</summary>
    public double Count()
    {
        var bits = Math.Pow(2, Bits);
        return -bits / Hashes * Math.Log(Math.Max(1 - (_words.Ones / bits), 0.5 / bits));
    }

    /// <inheritdoc/>
    public BloomFilter Merge(BloomFilter other)
    {
        var (bits, hashes) = (Math.Min(Bits, other.Bits), Math.Min(Hashes, other.Hashes));
        var mine = Folded(bits);
        var words = mine.Merge(other.Folded(bits), static (a, b) => a | b);
        return ReferenceEquals(words, _words) && hashes == Hashes ? this : new BloomFilter(bits, hashes, words);
    }

    /// <inheritdoc/>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteByte((byte)Bits);
        output.WriteByte((byte)Hashes);
        output.WriteVarint((ulong)_words.Ones);
        if (!IsSparse(_words.Ones, Bits))
        {
            for (var i = 0; i < _words.Length; i++)
            {
                output.WriteUInt64(_words[i]);
            }

            return;
        }

        var last = 0;
        for (var i = 0; (i = _words.NextNonZero(i)) >= 0; i++)
        {
            for (var word = _words[i]; word != 0; word &= word - 1)
            {
                var at = (i << 6) + BitOperations.TrailingZeroCount(word);
                output.WriteVarint((ulong)(at - last));
                last = at;
            }
        }
    }

    /// <inheritdoc/>
    public static BloomFilter Read(ref ByteReader reader)
    {
        var (bits, hashes) = (reader.ReadByte(), reader.ReadByte());
        if (bits is < MinBits or > MaxBits || hashes is < 1 or > MaxHashes)
        {
            throw new StateEncodingException($"A bloom filter has 2^{bits} bits and {hashes} for each value.");
        }

        var ones = reader.ReadVarint();
        if (ones > 1UL << bits)
        {
            throw new StateEncodingException("A bloom filter has more bits set than it has.");
        }

        return IsSparse((long)ones, bits) ? ReadPositions(bits, hashes, (int)ones, ref reader) : ReadWords(bits, hashes, (int)ones, ref reader);
    }

    private static BloomFilter ReadPositions(int bits, int hashes, int count, ref ByteReader reader)
    {
        if (count > reader.Rest.Length)
        {
            throw new StateEncodingException("A bloom filter is cut off.");
        }

        var words = PagedWords.Zero(1 << bits >> 6).ToBuilder();
        ulong at = 0;
        for (var i = 0; i < count; i++)
        {
            var gap = reader.ReadVarint();
            if (gap >= 1UL << bits || (at += gap) >= 1UL << bits || (gap == 0 && i > 0))
            {
                throw new StateEncodingException("The bits of a bloom filter are out of order.");
            }

            words[(int)(at >> 6)] |= 1UL << (int)(at & 63);
        }

        return new BloomFilter(bits, hashes, words.ToWords());
    }

    private static BloomFilter ReadWords(int bits, int hashes, int ones, ref ByteReader reader)
    {
        var bytes = reader.Take(1 << bits >> 3);
        var words = PagedWords.Zero(1 << bits >> 6).ToBuilder();
        for (var i = 0; i < bytes.Length >> 3; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i << 3)..]);
        }

        var filter = new BloomFilter(bits, hashes, words.ToWords());
        return filter._words.Ones == ones ? filter : throw new StateEncodingException("A bloom filter has another number of bits than it says.");
    }

    private static bool IsSparse(long ones, int bits) => ones * SparseFactor < 1L << bits;

    // The word of a bit is taken from the lower bits of its position, and so is what remains of it in a smaller filter.
    private PagedWords Folded(int bits)
    {
        if (bits == Bits)
        {
            return _words;
        }

        var folded = PagedWords.Zero(1 << bits >> 6).ToBuilder();
        for (var i = 0; (i = _words.NextNonZero(i)) >= 0; i++)
        {
            folded[i & ((1 << bits >> 6) - 1)] |= _words[i];
        }

        return folded.ToWords();
    }

    private static (ulong Position, ulong Step) Begin(ulong hash) => (hash, XxHash64.Mix(hash + 1) | 1);

    private int At(ulong position) => (int)(position & ((1UL << Bits) - 1));
}
