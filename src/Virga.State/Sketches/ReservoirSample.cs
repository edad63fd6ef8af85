using System.Buffers;
using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.State.Sketches;

/// <summary>
/// A random sample of all that was added, without replacement: the k additions with the least priorities, of which each has one that is drawn from its tag and its weight (Efraimidis,
/// Spirakis, "Weighted random sampling with a reservoir", 2006, algorithm A-Res, with logarithms). What is in it does not depend on who added what, nor in which order samples merge.
/// Samples of different sizes merge to the lesser one.
/// </summary>
public sealed class ReservoirSample : ISketch<ReservoirSample>
{
    /// <summary>The greatest size.</summary>
    public const int MaxSize = 10_000;

    /// <summary>The size unless another is said.</summary>
    public const int DefaultSize = 100;

    private const int Overhead = 42;

    // By priority, the least first.
    private readonly SampledValue[] _values;
    private readonly int _bytes;

    private ReservoirSample(int size, SampledValue[] values)
    {
        (Size, _values) = (size, values);
        foreach (ref readonly var value in values.AsSpan())
        {
            _bytes += value.Value.Bytes.Length;
        }
    }

    /// <summary>How many values it keeps.</summary>
    public int Size { get; }

    /// <summary>How many values there are.</summary>
    public int Count => _values.Length;

    /// <inheritdoc/>
    public int MemoryBytes => 56 + (_values.Length * (Overhead + 40)) + _bytes;

    /// <inheritdoc/>
    public int EncodedBytes => 8 + (_values.Length * Overhead) + _bytes;

    /// <summary>The sampled values, in the order of their lots: the first so many are a sample, too.</summary>
    public IEnumerable<Payload> Values => _values.Select(static value => value.Value);

    /// <summary>A sample of nothing.</summary>
    public static ReservoirSample Empty(int size) =>
        size is >= 1 and <= MaxSize ? new ReservoirSample(size, []) : throw new ArgumentOutOfRangeException(nameof(size), size, "A size is 1 to 10,000.");

    /// <summary>The least sample that adds values to this one: those that will be in it.</summary>
    /// <param name="values">Values with their weights: a value of twice the weight is twice as likely to be drawn. Finite, and greater than 0.</param>
    /// <param name="at">When they are added: unique for the writer.</param>
    /// <param name="writer">Who adds.</param>
    public ReservoirSample Addition(IEnumerable<(Payload Value, double Weight)> values, ulong at, ulong writer)
    {
        var drawn = new List<SampledValue>();
        ulong sequence = 0;
        foreach (var (value, weight) in values)
        {
            var tag = new SampleTag(at, writer, sequence++);
            var candidate = new SampledValue(Math.Min(-Math.Log(tag.Lot) / weight, double.MaxValue), tag, value);
            if (_values.Length < Size || SampledValue.Compare(candidate, _values[^1]) < 0)
            {
                drawn.Add(candidate);
            }
        }

        drawn.Sort(static (a, b) => SampledValue.Compare(a, b));
        return new ReservoirSample(Size, [.. drawn.Take(Size)]);
    }

    /// <inheritdoc/>
    public ReservoirSample Merge(ReservoirSample other)
    {
        // Most additions to a full sample are of nothing.
        var size = Math.Min(Size, other.Size);
        if (other._values.Length == 0 && size == Size)
        {
            return this;
        }

        var merged = new List<SampledValue>(Math.Min(size, _values.Length + other._values.Length));
        var adds = size < Size;
        int i = 0, j = 0;
        while (merged.Count < size && (i < _values.Length || j < other._values.Length))
        {
            var order = i == _values.Length ? 1 : j == other._values.Length ? -1 : SampledValue.Compare(_values[i], other._values[j]);
            merged.Add(order <= 0 ? _values[i] : other._values[j]);
            adds |= order > 0;
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return adds ? new ReservoirSample(size, [.. merged]) : this;
    }

    /// <inheritdoc/>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)Size);
        output.WriteVarint((ulong)_values.Length);
        foreach (ref readonly var value in _values.AsSpan())
        {
            output.WriteDouble(value.Priority);
            output.WriteUInt64(value.Tag.At);
            output.WriteUInt64(value.Tag.Writer);
            output.WriteVarint(value.Tag.Sequence);
            output.WriteBytes(value.Value.Bytes.Span);
        }
    }

    /// <inheritdoc/>
    public static ReservoirSample Read(ref ByteReader reader)
    {
        var size = reader.ReadVarint();
        if (size is < 1 or > MaxSize)
        {
            throw new StateEncodingException($"A reservoir has a size of {size}.");
        }

        var values = new SampledValue[reader.ReadCount(27)];
        if (values.Length > (int)size)
        {
            throw new StateEncodingException("A reservoir has more values than it keeps.");
        }

        for (var i = 0; i < values.Length; i++)
        {
            var priority = NumberEncoding.Read(ref reader);
            var tag = new SampleTag(reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadVarint());
            values[i] = new SampledValue(priority, tag, LatticeEncoding.ReadPayload(reader.ReadBytes()));
            if (i > 0 && SampledValue.Compare(values[i - 1], values[i]) >= 0)
            {
                throw new StateEncodingException("The values of a reservoir are out of order.");
            }
        }

        return new ReservoirSample((int)size, values);
    }
}
