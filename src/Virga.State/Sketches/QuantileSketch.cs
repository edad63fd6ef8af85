using System.Buffers;
using Virga.State.Binary;

namespace Virga.State.Sketches;

/// <summary>
/// The distribution of numbers: KLL (Karnin, Lang, Liberty, "Optimal Quantile Approximation in Streams", 2016). A number of level h stands for 2^h; where levels are too full, every
/// second number of one of them goes a level up. One writer's: each level says how much had been added when it last changed, so that of two states of one sketch each level's later
/// one holds, and a change says the levels that it changed. Several writers' are read together by <see cref="QuantileSummary"/>. Of two sizes the greater holds.
/// </summary>
public sealed class QuantileSketch : ISketch<QuantileSketch>
{
    /// <summary>The least size.</summary>
    public const int MinSize = 8;

    /// <summary>The greatest size.</summary>
    public const int MaxSize = 4096;

    /// <summary>The size unless another is said: ranks within 1.65 %, some 5 KiB.</summary>
    public const int DefaultSize = 200;

    // More levels than 2^64 numbers fill.
    private const int MaxLevels = 61;

    private readonly QuantileLevel[] _levels;

    internal QuantileSketch(int size, QuantileLevel[] levels, double min, double max)
    {
        (Size, _levels, Min, Max) = (size, levels, min, max);
    }

    /// <summary>How many numbers the topmost level has room for; those below it have less.</summary>
    public int Size { get; }

    /// <summary>The least number; not a number when there is none.</summary>
    public double Min { get; }

    /// <summary>The greatest number; not a number when there is none.</summary>
    public double Max { get; }

    /// <summary>How many numbers were added.</summary>
    public ulong Count
    {
        get
        {
            UInt128 count = 0;
            for (var level = 0; level < _levels.Length; level++)
            {
                count += (UInt128)(uint)_levels[level].Items.Length << level;
            }

            return count > ulong.MaxValue ? ulong.MaxValue : (ulong)count;
        }
    }

    /// <inheritdoc/>
    public int MemoryBytes => 64 + (_levels.Length * 40) + (Retained * sizeof(double));

    /// <inheritdoc/>
    public int EncodedBytes => 24 + (_levels.Length * 15) + (Retained * sizeof(double));

    internal ReadOnlySpan<QuantileLevel> Levels => _levels;

    private int Retained
    {
        get
        {
            var retained = 0;
            foreach (ref readonly var level in _levels.AsSpan())
            {
                retained += level.Items.Length;
            }

            return retained;
        }
    }

    /// <summary>A sketch of no number.</summary>
    public static QuantileSketch Empty(int size) => size is >= MinSize and <= MaxSize
        ? new QuantileSketch(size, [], double.NaN, double.NaN)
        : throw new ArgumentOutOfRangeException(nameof(size), size, "A size is 8 to 4,096.");

    /// <summary>
    /// By how much, as a share of all, the rank of a number may be wrong in 99 of 100 cases; for several ranks at once. Measured by Apache DataSketches, whose sketches have
    /// the same shape (KllHelper.getNormalizedRankError).
    /// </summary>
    public static double RankError(int size) => 2.446 / Math.Pow(size, 0.9433);

    /// <summary>What adding makes of this: the least that says it, with the levels that change.</summary>
    /// <param name="numbers">Finite numbers, none of them the negative zero.</param>
    /// <param name="seed">Decides with the count which numbers go up: the writer's own, so that the errors of several cancel out.</param>
    public QuantileSketch Addition(ReadOnlySpan<double> numbers, ulong seed)
    {
        if (numbers.IsEmpty)
        {
            return Empty(Size);
        }

        var compactor = new QuantileCompactor(this, seed);
        var (min, max) = (Min, Max);
        foreach (var number in numbers)
        {
            compactor.Add(number);
            (min, max) = (number < min || double.IsNaN(min) ? number : min, number > max || double.IsNaN(max) ? number : max);
        }

        return new QuantileSketch(Size, compactor.Changed(), min, max);
    }

    /// <inheritdoc/>
    public QuantileSketch Merge(QuantileSketch other)
    {
        if (Size != other.Size)
        {
            return Size > other.Size ? this : other;
        }

        if (other._levels.Length == 0)
        {
            return this;
        }

        if (_levels.Length == 0)
        {
            return other;
        }

        var levels = _levels;
        for (var i = 0; i < other._levels.Length; i++)
        {
            if (i < _levels.Length && QuantileLevel.Compare(_levels[i], other._levels[i]) >= 0)
            {
                continue;
            }

            if (ReferenceEquals(levels, _levels))
            {
                levels = new QuantileLevel[Math.Max(_levels.Length, other._levels.Length)];
                _levels.CopyTo(levels, 0);
                Array.Fill(levels, QuantileLevel.Unknown, _levels.Length, levels.Length - _levels.Length);
            }

            levels[i] = other._levels[i];
        }

        return ReferenceEquals(levels, _levels) && other.Min >= Min && other.Max <= Max
            ? this
            : new QuantileSketch(Size, levels, Math.Min(Min, other.Min), Math.Max(Max, other.Max));
    }

    /// <inheritdoc/>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)Size);
        output.WriteByte((byte)_levels.Length);
        if (_levels.Length == 0)
        {
            return;
        }

        output.WriteDouble(Min);
        output.WriteDouble(Max);
        foreach (ref readonly var level in _levels.AsSpan())
        {
            output.WriteVarint(level.Stamp);
            if (level.Stamp != 0)
            {
                output.WriteVarint((ulong)level.Items.Length);
                foreach (var item in level.Items)
                {
                    output.WriteDouble(item);
                }
            }
        }
    }

    /// <inheritdoc/>
    public static QuantileSketch Read(ref ByteReader reader)
    {
        var (size, count) = (reader.ReadVarint(), reader.ReadByte());
        if (size is < MinSize or > MaxSize || count > MaxLevels)
        {
            throw new StateEncodingException($"A sketch of quantiles has a size of {size} and {count} levels.");
        }

        if (count == 0)
        {
            return Empty((int)size);
        }

        var (min, max) = (NumberEncoding.Read(ref reader), NumberEncoding.Read(ref reader));
        var levels = new QuantileLevel[count];
        for (var i = 0; i < count; i++)
        {
            levels[i] = ReadLevel(ref reader, min, max);
        }

        return levels[^1].Stamp != 0 && min <= max
            ? new QuantileSketch((int)size, levels, min, max)
            : throw new StateEncodingException("A sketch of quantiles has a last level that says nothing, or a least number above the greatest.");
    }

    private static QuantileLevel ReadLevel(ref ByteReader reader, double min, double max)
    {
        var stamp = reader.ReadVarint();
        if (stamp == 0)
        {
            return QuantileLevel.Unknown;
        }

        var items = new double[reader.ReadCount(sizeof(double))];
        var last = min;
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = NumberEncoding.Read(ref reader);
            if (items[i] < last || items[i] > max)
            {
                throw new StateEncodingException("The numbers of a sketch of quantiles are out of order.");
            }

            last = items[i];
        }

        return new QuantileLevel(stamp, items);
    }
}
