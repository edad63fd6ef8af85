using System.Buffers;
using System.Numerics;
using Virga.State.Binary;

namespace Virga.State.Sketches;

/// <summary>
/// How often values were added: never less than it was, and with probability 1 - e^-depth at most e/width of all additions more (Cormode, Muthukrishnan, "An Improved Data Stream
/// Summary: The Count-Min Sketch and its Applications", 2005). One writer's: its cells only grow, so that of two states of one sketch the greater cells are the later ones.
/// What several writers counted is added up by <see cref="CountOf(IReadOnlyList{CountMinSketch}, ulong)"/>. Of two sizes the greater holds.
/// </summary>
public sealed class CountMinSketch : ISketch<CountMinSketch>
{
    /// <summary>The logarithm of the least width.</summary>
    public const int MinWidthBits = 3;

    /// <summary>The most rows.</summary>
    public const int MaxDepth = 16;

    /// <summary>The most cells in all rows.</summary>
    public const int MaxCells = PagedWords.MaxLength;

    // A distance of 20 bits; the value is at most the total.
    private const int GapBytes = 3;

    private readonly PagedWords _cells;

    private CountMinSketch(int widthBits, int depth, ulong total, PagedWords cells)
    {
        (WidthBits, Depth, Total, _cells) = (widthBits, depth, total, cells);
    }

    /// <summary>The logarithm of the cells of a row.</summary>
    public int WidthBits { get; }

    /// <summary>How many rows there are.</summary>
    public int Depth { get; }

    /// <summary>How much was added in all.</summary>
    public ulong Total { get; }

    /// <inheritdoc/>
    public int MemoryBytes => 48 + _cells.MemoryBytes;

    /// <inheritdoc/>
    public int EncodedBytes => 20 + (_cells.NonZero * (GapBytes + (BitOperations.Log2(Total | 1) / 7) + 1));

    /// <summary>A sketch of no value.</summary>
    public static CountMinSketch Empty(int widthBits, int depth) => IsSize(widthBits, depth)
        ? new CountMinSketch(widthBits, depth, 0, PagedWords.Zero(depth << widthBits))
        : throw new ArgumentOutOfRangeException(nameof(widthBits), widthBits, "A count-min sketch has at most 2^20 cells, 2^3 to a row and more, in 1 to 16 rows.");

    /// <summary>Whether a sketch can be of a size.</summary>
    public static bool IsSize(int widthBits, int depth) =>
        widthBits >= MinWidthBits && depth is >= 1 and <= MaxDepth && widthBits < 31 && (long)depth << widthBits <= MaxCells;

    /// <summary>The size that keeps counts within an error, as a share of all additions, with a confidence. A width is a power of two, so that mostly the error is less.</summary>
    public static (int WidthBits, int Depth) SizeFor(double error, double confidence) =>
        (Math.Max(MinWidthBits, (int)Math.Ceiling(Math.Log2(Math.E / error))), Math.Max(1, (int)Math.Ceiling(-Math.Log(1 - confidence))));

    /// <summary>What adding makes of this: the least that says it, with the cells that change and the total.</summary>
    /// <param name="values">Values' hashes, and how much to add to each.</param>
    public CountMinSketch Addition(IEnumerable<(ulong Hash, ulong Weight)> values)
    {
        var added = PagedWords.Zero(_cells.Length).ToBuilder();
        var total = Total;
        foreach (var (hash, weight) in values)
        {
            total = Sum(total, weight);
            for (var row = 0; row < Depth; row++)
            {
                var at = CellOf(hash, row);
                added[at] = Sum(Math.Max(added[at], _cells[at]), weight);
            }
        }

        return new CountMinSketch(WidthBits, Depth, total, added.ToWords());
    }

    /// <summary>How often a value was added, at most.</summary>
    public ulong CountOf(ulong hash)
    {
        var least = ulong.MaxValue;
        for (var row = 0; row < Depth; row++)
        {
            least = Math.Min(least, _cells[CellOf(hash, row)]);
        }

        return least;
    }

    /// <summary>How often a value was added in several sketches together, at most.</summary>
    public static ulong CountOf(IReadOnlyList<CountMinSketch> sketches, ulong hash)
    {
        // The sum of the least cells is never more than the least sum of cells, and no less than the count.
        ulong sum = 0;
        foreach (var sketch in sketches)
        {
            sum = Sum(sum, sketch.CountOf(hash));
        }

        return sum;
    }

    /// <summary>How much was added in several sketches together.</summary>
    public static ulong TotalOf(IReadOnlyList<CountMinSketch> sketches)
    {
        ulong sum = 0;
        foreach (var sketch in sketches)
        {
            sum = Sum(sum, sketch.Total);
        }

        return sum;
    }

    /// <inheritdoc/>
    public CountMinSketch Merge(CountMinSketch other)
    {
        if ((WidthBits, Depth) != (other.WidthBits, other.Depth))
        {
            return (WidthBits, Depth).CompareTo((other.WidthBits, other.Depth)) > 0 ? this : other;
        }

        var cells = _cells.Merge(other._cells, Math.Max);
        return ReferenceEquals(cells, _cells) && other.Total <= Total ? this : new CountMinSketch(WidthBits, Depth, Math.Max(Total, other.Total), cells);
    }

    /// <inheritdoc/>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteByte((byte)WidthBits);
        output.WriteByte((byte)Depth);
        output.WriteVarint(Total);
        output.WriteVarint((ulong)_cells.NonZero);
        var last = 0;
        for (var i = 0; (i = _cells.NextNonZero(i)) >= 0; i++)
        {
            output.WriteVarint((ulong)(i - last));
            output.WriteVarint(_cells[i]);
            last = i;
        }
    }

    /// <inheritdoc/>
    public static CountMinSketch Read(ref ByteReader reader)
    {
        var (widthBits, depth) = (reader.ReadByte(), reader.ReadByte());
        if (!IsSize(widthBits, depth))
        {
            throw new StateEncodingException($"A count-min sketch has {depth} rows of 2^{widthBits} cells.");
        }

        var total = reader.ReadVarint();
        var cells = PagedWords.Zero(depth << widthBits).ToBuilder();
        ulong at = 0;
        var count = reader.ReadCount(2);
        for (var i = 0; i < count; i++)
        {
            var gap = reader.ReadVarint();
            var value = reader.ReadVarint();
            if (gap >= MaxCells || (at += gap) >= (ulong)depth << widthBits || (gap == 0 && i > 0) || value == 0 || value > total)
            {
                throw new StateEncodingException("The cells of a count-min sketch are out of order, or greater than its total.");
            }

            cells[(int)at] = value;
        }

        return new CountMinSketch(widthBits, depth, total, cells.ToWords());
    }

    // Counts stand at their bound rather than begin anew.
    private static ulong Sum(ulong a, ulong b) => a + b is var sum && sum < a ? ulong.MaxValue : sum;

    private int CellOf(ulong hash, int row) => (row << WidthBits) + (int)(XxHash64.Mix(hash + ((ulong)row * 0x9E3779B97F4A7C15)) >> (64 - WidthBits));
}
