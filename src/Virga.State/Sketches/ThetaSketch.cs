using System.Buffers;
using Virga.State.Binary;

namespace Virga.State.Sketches;

/// <summary>
/// Different values, of which sets can be combined: the least <c>k</c> hashes and, as the threshold theta, the next one (Dasgupta, Lang, Rhodes, Thaler, "A Framework for
/// Estimating Stream Expression Cardinalities", 2016). The hashes below theta are a uniform sample of all values, the same in every sketch that saw them; so unions, intersections and
/// differences of samples are samples of those of the sets. Relative standard error of a count 1/sqrt(k - 1). Sketches of different sizes merge to the lesser one.
/// </summary>
public sealed class ThetaSketch : ISketch<ThetaSketch>
{
    /// <summary>The least size.</summary>
    public const int MinSize = 16;

    /// <summary>The greatest size.</summary>
    public const int MaxSize = 1 << 16;

    /// <summary>The size unless another is said: 32 KiB, 1.6 %.</summary>
    public const int DefaultSize = 4096;

    // 2^64: what hashes are held against.
    private const double All = 18446744073709551616.0;

    // In order, each once; at most one more than the size, and that one is theta.
    private readonly ulong[] _hashes;

    private ThetaSketch(int size, ulong[] hashes)
    {
        Size = size;
        _hashes = hashes;
    }

    /// <summary>How many hashes it keeps.</summary>
    public int Size { get; }

    /// <summary>Whether there was no value.</summary>
    public bool IsEmpty => _hashes.Length == 0;

    /// <inheritdoc/>
    public int MemoryBytes => 56 + (_hashes.Length * sizeof(ulong));

    /// <inheritdoc/>
    public int EncodedBytes => 12 + (_hashes.Length * 10);

    private bool IsFull => _hashes.Length > Size;

    // The share of all hashes that lie below the threshold.
    private double Theta => IsFull ? _hashes[Size] / All : 1;

    private ReadOnlySpan<ulong> Sample => _hashes.AsSpan(0, Math.Min(_hashes.Length, Size));

    /// <summary>A sketch of no value.</summary>
    public static ThetaSketch Empty(int size) =>
        size is >= MinSize and <= MaxSize ? new ThetaSketch(size, []) : throw new ArgumentOutOfRangeException(nameof(size), size, "A size is 16 to 65,536.");

    /// <summary>The least sketch that adds values to this one.</summary>
    /// <param name="hashes">The values' hashes; put in order here.</param>
    public ThetaSketch Addition(Span<ulong> hashes)
    {
        hashes.Sort();
        var added = new List<ulong>();
        foreach (var hash in hashes)
        {
            if (added.Count > Size || (IsFull && hash >= _hashes[Size]))
            {
                break;
            }

            if ((added.Count == 0 || added[^1] != hash) && Array.BinarySearch(_hashes, hash) < 0)
            {
                added.Add(hash);
            }
        }

        return new ThetaSketch(Size, [.. added]);
    }

    /// <summary>How many different values were added.</summary>
    public Estimate Count() => Of(Sample.Length, Theta);

    /// <summary>How many values were added to this or to any of the others.</summary>
    public Estimate Union(IEnumerable<ThetaSketch> others)
    {
        var all = this;
        foreach (var other in others)
        {
            all = all.Merge(other);
        }

        return all.Count();
    }

    /// <summary>How many values were added to this and to each of the others.</summary>
    public Estimate Intersection(IReadOnlyList<ThetaSketch> others) => Select(others, static (hash, among) =>
    {
        foreach (var other in among)
        {
            if (Array.BinarySearch(other._hashes, hash) < 0)
            {
                return false;
            }
        }

        return true;
    });

    /// <summary>How many values were added to this and to none of the others.</summary>
    public Estimate Difference(IReadOnlyList<ThetaSketch> others) => Select(others, static (hash, among) =>
    {
        foreach (var other in among)
        {
            if (Array.BinarySearch(other._hashes, hash) >= 0)
            {
                return false;
            }
        }

        return true;
    });

    /// <inheritdoc/>
    public ThetaSketch Merge(ThetaSketch other)
    {
        // Most additions to a full sketch are of nothing.
        var size = Math.Min(Size, other.Size);
        if (ReferenceEquals(this, other) || (other.IsEmpty && size == Size))
        {
            return this;
        }

        var merged = new ulong[Math.Min(size + 1, _hashes.Length + other._hashes.Length)];
        int i = 0, j = 0, count = 0;
        var adds = size < Size;
        while (count < merged.Length && (i < _hashes.Length || j < other._hashes.Length))
        {
            var order = i == _hashes.Length ? 1 : j == other._hashes.Length ? -1 : _hashes[i].CompareTo(other._hashes[j]);
            merged[count++] = order <= 0 ? _hashes[i] : other._hashes[j];
            adds |= order > 0;
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return adds ? new ThetaSketch(size, count == merged.Length ? merged : merged[..count]) : this;
    }

    /// <inheritdoc/>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)Size);
        output.WriteVarint((ulong)_hashes.Length);
        ulong last = 0;
        foreach (var hash in _hashes)
        {
            output.WriteVarint(hash - last);
            last = hash;
        }
    }

    /// <inheritdoc/>
    public static ThetaSketch Read(ref ByteReader reader)
    {
        var size = reader.ReadVarint();
        if (size is < MinSize or > MaxSize)
        {
            throw new StateEncodingException($"A theta sketch has a size of {size}.");
        }

        var hashes = new ulong[reader.ReadCount()];
        if (hashes.Length > (int)size + 1)
        {
            throw new StateEncodingException("A theta sketch has more hashes than it keeps.");
        }

        ulong last = 0;
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i] = unchecked(last + reader.ReadVarint());
            if (i > 0 && hashes[i] <= last)
            {
                throw new StateEncodingException("The hashes of a theta sketch are out of order.");
            }

            last = hashes[i];
        }

        return new ThetaSketch((int)size, hashes);
    }

    // Below the least of all thresholds every sketch has kept all that it saw.
    private Estimate Select(IReadOnlyList<ThetaSketch> others, Func<ulong, IReadOnlyList<ThetaSketch>, bool> belongs)
    {
        var theta = Theta;
        var threshold = IsFull ? _hashes[Size] : ulong.MaxValue;
        var isAll = !IsFull;
        foreach (var other in others)
        {
            if (other.IsFull && (isAll || other._hashes[other.Size] < threshold))
            {
                (threshold, theta, isAll) = (other._hashes[other.Size], other.Theta, false);
            }
        }

        var count = 0;
        foreach (var hash in Sample)
        {
            if (!isAll && hash >= threshold)
            {
                break;
            }

            count += belongs(hash, others) ? 1 : 0;
        }

        return Of(count, theta);
    }

    // Each value of the set is in the sample with probability theta, independently: the deviation of the binomial distribution.
    private static Estimate Of(int count, double theta)
    {
        if (theta >= 1)
        {
            return new Estimate(count, count, count);
        }

        var deviation = Math.Sqrt(Math.Max(count, 1) * (1 - theta));
        return new Estimate(count / theta, Math.Max(count, (count - (2 * deviation)) / theta), (count + (2 * deviation)) / theta);
    }
}
