using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;
using Virga.State.Binary;

namespace Virga.State.Sketches;

/// <summary>
/// How many different values there were: HyperLogLog++ (Heule, Nunkesser, Hall, "HyperLogLog in Practice", 2013) with its hashes of 64 bits and its sparse form, which is exact to
/// one in 2^25 while values are few. In place of its tables of measured biases stands an estimator that has none: <see cref="RegisterEstimate"/>.
/// Sketches of different precisions merge to the lesser one. Relative standard error 1.04/sqrt(2^precision).
/// </summary>
public sealed class HyperLogLog : ISketch<HyperLogLog>
{
    /// <summary>The least precision.</summary>
    public const int MinPrecision = 4;

    /// <summary>The greatest precision.</summary>
    public const int MaxPrecision = 18;

    /// <summary>The precision unless another is said: 12 KiB, 0.81 %.</summary>
    public const int DefaultPrecision = 14;

    // Sparse entries: the first 25 bits of the hash, then the rank of the 39 after them, in 6 bits.
    private const int SparsePrecision = 25;
    private const int RankBits = 6;
    private const int MaxSparseRank = 64 - SparsePrecision + 1;
    private const uint RankMask = (1 << RankBits) - 1;

    private readonly uint[]? _sparse;
    private readonly byte[] _registers;

    private HyperLogLog(int precision, uint[]? sparse, byte[] registers)
    {
        Precision = precision;
        _sparse = sparse;
        _registers = registers;
    }

    /// <summary>The logarithm of the number of registers.</summary>
    public int Precision { get; }

    /// <summary>Whether values are few enough to be kept one by one.</summary>
    public bool IsSparse => _sparse is not null;

    /// <summary>Whether there was no value.</summary>
    public bool IsEmpty => _sparse is { Length: 0 };

    /// <inheritdoc/>
    public int MemoryBytes => 64 + (_sparse is null ? _registers.Length : _sparse.Length * sizeof(uint));

    /// <inheritdoc/>
    public int EncodedBytes => 8 + (_sparse is null ? Packed(Precision) : _sparse.Length * 5);

    // Where sparse entries would take more memory than registers do. That depends on what was added alone and not on the order, so that replicas change over alike.
    private static int MaxSparse(int precision) => 3 << precision >> 4;

    private static int Packed(int precision) => 6 << precision >> 3;

    /// <summary>A sketch of no value.</summary>
    public static HyperLogLog Empty(int precision) => precision is >= MinPrecision and <= MaxPrecision
        ? new HyperLogLog(precision, [], [])
        : throw new ArgumentOutOfRangeException(nameof(precision), precision, "A precision is 4 to 18.");

    /// <summary>The least sketch that adds values to this one: of few values it is sparse, whatever this is.</summary>
    /// <param name="hashes">The values' hashes; put in order here.</param>
    public HyperLogLog Addition(Span<ulong> hashes)
    {
        hashes.Sort();
        var entries = new List<uint>(Math.Min(hashes.Length, 1024));
        foreach (var hash in hashes)
        {
            var entry = EntryOf(hash);
            if (entries.Count > 0 && entries[^1] >> RankBits == entry >> RankBits)
            {
                // Of one index the greater rank.
                entries[^1] = Math.Max(entries[^1], entry);
            }
            else
            {
                entries.Add(entry);
            }
        }

        entries.RemoveAll(Knows);
        return Of(Precision, [.. entries]);
    }

    /// <summary>How many different values were added.</summary>
    public Estimate Count()
    {
        if (_sparse is { } entries)
        {
            // Linear counting over 2^25 places.
            const double Places = 1 << SparsePrecision;
            var value = -Places * Math.Log(1 - (entries.Length / Places));
            return Estimate.Of(value, entries.Length == 0 ? 0 : 1 / Math.Sqrt(2 * Places), 0);
        }

        return Estimate.Of(RegisterEstimate.Of(_registers, Precision), 1.04 / Math.Sqrt(_registers.Length));
    }

    /// <inheritdoc/>
    public HyperLogLog Merge(HyperLogLog other)
    {
        if (other.Precision > Precision)
        {
            return Merge(other.Folded(Precision));
        }

        if (other.Precision < Precision)
        {
            return Folded(other.Precision).Merge(other);
        }

        if (_sparse is { } mine && other._sparse is { } theirs)
        {
            var union = Union(mine, theirs);
            return ReferenceEquals(union, mine) ? this : Of(Precision, union);
        }

        if (_sparse is not null)
        {
            return other.Merge(this);
        }

        var registers = other._sparse is { } entries ? WithEntries(entries) : WithRegisters(other._registers);
        return ReferenceEquals(registers, _registers) ? this : new HyperLogLog(Precision, null, registers);
    }

    /// <inheritdoc/>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteByte((byte)Precision);
        output.WriteByte((byte)(IsSparse ? 0 : 1));
        if (_sparse is { } entries)
        {
            output.WriteVarint((ulong)entries.Length);
            uint last = 0;
            foreach (var entry in entries)
            {
                output.WriteVarint(entry - last);
                last = entry;
            }

            return;
        }

        // Four registers of six bits in three bytes; so many at a time as any writer has room for.
        for (var from = 0; from < _registers.Length; from += 256)
        {
            var some = _registers.AsSpan(from, Math.Min(256, _registers.Length - from));
            var packed = output.GetSpan(some.Length * 3 / 4);
            for (int i = 0, at = 0; i < some.Length; i += 4, at += 3)
            {
                var four = some[i] | (some[i + 1] << 6) | (some[i + 2] << 12) | (some[i + 3] << 18);
                (packed[at], packed[at + 1], packed[at + 2]) = ((byte)four, (byte)(four >> 8), (byte)(four >> 16));
            }

            output.Advance(some.Length * 3 / 4);
        }
    }

    /// <inheritdoc/>
    public static HyperLogLog Read(ref ByteReader reader)
    {
        var precision = reader.ReadByte();
        if (precision is < MinPrecision or > MaxPrecision)
        {
            throw new StateEncodingException($"A hyperLogLog has a precision of {precision}.");
        }

        return reader.ReadByte() switch
        {
            0 => ReadSparse(precision, ref reader),
            1 => ReadRegisters(precision, ref reader),
            var form => throw new StateEncodingException($"The form {form} of a hyperLogLog is not known."),
        };
    }

    private static HyperLogLog ReadSparse(int precision, ref ByteReader reader)
    {
        var count = reader.ReadCount();
        if (count > MaxSparse(precision))
        {
            throw new StateEncodingException("A sparse hyperLogLog has more entries than it may.");
        }

        var entries = new uint[count];
        ulong last = 0;
        for (var i = 0; i < count; i++)
        {
            var step = reader.ReadVarint();
            var entry = last + step;
            if (step > int.MaxValue || entry > int.MaxValue || (entry & RankMask) is 0 or > MaxSparseRank || (i > 0 && entry >> RankBits == last >> RankBits))
            {
                throw new StateEncodingException("The entries of a hyperLogLog are out of order.");
            }

            entries[i] = (uint)entry;
            last = entry;
        }

        return new HyperLogLog(precision, entries, []);
    }

    private static HyperLogLog ReadRegisters(int precision, ref ByteReader reader)
    {
        var packed = reader.Take(Packed(precision));
        var registers = new byte[1 << precision];
        for (int i = 0, at = 0; i < registers.Length; i += 4, at += 3)
        {
            var four = packed[at] | (packed[at + 1] << 8) | (packed[at + 2] << 16);
            for (var j = 0; j < 4; j++)
            {
                registers[i + j] = (byte)((four >> (6 * j)) & (int)RankMask);
                if (registers[i + j] > 64 - precision + 1)
                {
                    throw new StateEncodingException("A register of a hyperLogLog is greater than it can be.");
                }
            }
        }

        return new HyperLogLog(precision, null, registers);
    }

    private static HyperLogLog Of(int precision, uint[] entries)
    {
        if (entries.Length <= MaxSparse(precision))
        {
            return new HyperLogLog(precision, entries, []);
        }

        var registers = new byte[1 << precision];
        foreach (var entry in entries)
        {
            var (index, rank) = Place(entry, precision);
            registers[index] = Math.Max(registers[index], rank);
        }

        return new HyperLogLog(precision, null, registers);
    }

    private HyperLogLog Folded(int precision)
    {
        if (_sparse is { } entries)
        {
            return Of(precision, entries);
        }

        var registers = new byte[1 << precision];
        var dropped = Precision - precision;
        for (var i = 0; i < _registers.Length; i++)
        {
            if (_registers[i] > 0)
            {
                // The bits of the index that are dropped come before those that the rank was of.
                var low = (uint)i & ((1u << dropped) - 1);
                var rank = low != 0 ? BitOperations.LeadingZeroCount(low) - 32 + dropped + 1 : dropped + _registers[i];
                registers[i >> dropped] = (byte)Math.Max(registers[i >> dropped], rank);
            }
        }

        return new HyperLogLog(precision, null, registers);
    }

    private bool Knows(uint entry)
    {
        if (_sparse is { } entries)
        {
            var at = Array.BinarySearch(entries, entry);
            return at >= 0 || (~at < entries.Length && entries[~at] >> RankBits == entry >> RankBits);
        }

        var (index, rank) = Place(entry, Precision);
        return _registers[index] >= rank;
    }

    private static uint EntryOf(ulong hash)
    {
        var rest = hash << SparsePrecision;
        var rank = rest == 0 ? MaxSparseRank : BitOperations.LeadingZeroCount(rest) + 1;
        return ((uint)(hash >> (64 - SparsePrecision)) << RankBits) | (uint)rank;
    }

    private static (int Index, byte Rank) Place(uint entry, int precision)
    {
        var dropped = SparsePrecision - precision;
        var index = entry >> RankBits;
        var low = index & ((1u << dropped) - 1);
        var rank = low != 0 ? BitOperations.LeadingZeroCount(low) - 32 + dropped + 1 : dropped + (int)(entry & RankMask);
        return ((int)(index >> dropped), (byte)rank);
    }

    // Gives the registers as they are where nothing changes.
    private byte[] WithEntries(uint[] entries)
    {
        var registers = _registers;
        foreach (var entry in entries)
        {
            var (index, rank) = Place(entry, Precision);
            if (rank > registers[index])
            {
                registers = ReferenceEquals(registers, _registers) ? [.. _registers] : registers;
                registers[index] = rank;
            }
        }

        return registers;
    }

    // Sixteen at a time, which divides every number of registers.
    private byte[] WithRegisters(byte[] others)
    {
        var registers = _registers;
        for (var i = 0; i < others.Length; i += Vector128<byte>.Count)
        {
            var (mine, theirs) = (Vector128.Create(_registers.AsSpan(i)), Vector128.Create(others.AsSpan(i)));
            if (Vector128.GreaterThanAny(theirs, mine))
            {
                registers = ReferenceEquals(registers, _registers) ? [.. _registers] : registers;
                Vector128.Max(mine, theirs).CopyTo(registers.AsSpan(i));
            }
        }

        return registers;
    }

    // Of two entries of one index the greater rank; gives the first where the second adds nothing.
    private static uint[] Union(uint[] first, uint[] second)
    {
        var union = new uint[first.Length + second.Length];
        var adds = false;
        int i = 0, j = 0, count = 0;
        while (i < first.Length || j < second.Length)
        {
            var order = i == first.Length ? 1 : j == second.Length ? -1 : (first[i] >> RankBits).CompareTo(second[j] >> RankBits);
            var entry = order < 0 ? first[i] : order > 0 ? second[j] : Math.Max(first[i], second[j]);
            adds |= order > 0 || entry != first[i];
            union[count++] = entry;
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return adds ? union[..count] : first;
    }
}
