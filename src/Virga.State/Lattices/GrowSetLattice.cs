using System.Buffers;
using System.Collections.Immutable;
using Virga.State.Binary;

namespace Virga.State.Lattices;

/// <summary>A set whose elements are never removed: merging is the union.</summary>
public sealed class GrowSetLattice : Lattice
{
    /// <summary>The set without elements.</summary>
    public static readonly GrowSetLattice Empty = new(ImmutableSortedSet<Payload>.Empty, 0);

    private readonly int _bytes;

    private GrowSetLattice(ImmutableSortedSet<Payload> elements, int bytes)
    {
        Elements = elements;
        _bytes = bytes;
    }

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.GrowSet;

    /// <summary>The elements, in the order of their bytes.</summary>
    public ImmutableSortedSet<Payload> Elements { get; }

    /// <inheritdoc/>
    public override int MemoryBytes => 80 + _bytes + (Elements.Count * 100);

    /// <inheritdoc/>
    public override int EncodedBytes => 6 + _bytes;

    /// <summary>A set of elements.</summary>
    public static GrowSetLattice Of(IEnumerable<Payload> elements) => Empty.With(elements);

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var set = SameKind<GrowSetLattice>(other);

        // The smaller into the larger; where the other has more elements, the result is not this one.
        return set.Elements.Count > Elements.Count ? set.With(Elements) : With(set.Elements);
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)Elements.Count);
        foreach (var element in Elements)
        {
            output.WriteBytes(element.Bytes.Span);
        }
    }

    internal static GrowSetLattice Read(ref ByteReader reader)
    {
        var elements = new List<Payload>();
        for (var count = reader.ReadCount(2); count > 0; count--)
        {
            var element = LatticeEncoding.ReadPayload(reader.ReadBytes());
            if (elements.Count > 0 && element <= elements[^1])
            {
                throw new StateEncodingException("The elements of a set are out of order.");
            }

            elements.Add(element);
        }

        return Of(elements);
    }

    private GrowSetLattice With(IEnumerable<Payload> more)
    {
        var elements = Elements.ToBuilder();
        var bytes = _bytes;
        foreach (var element in more)
        {
            if (elements.Add(element))
            {
                bytes += element.Bytes.Length + 5;
            }
        }

        return elements.Count == Elements.Count ? this : new GrowSetLattice(elements.ToImmutable(), bytes);
    }
}
