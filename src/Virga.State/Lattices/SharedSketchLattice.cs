using System.Buffers;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Sketches;

namespace Virga.State.Lattices;

/// <summary>
/// A sketch that counts every addition, so that adding the same sketch twice would count twice: as in a <see cref="CounterLattice"/> each replica has a share of its own, of which
/// the later state holds, and who reads takes all shares together.
/// </summary>
/// <typeparam name="TSketch">What a share is: of two states of one replica's the later is the greater.</typeparam>
public sealed class SharedSketchLattice<TSketch> : Lattice
    where TSketch : class, ISketch<TSketch>
{
    private const int ShareBytes = 40;

    private readonly SketchShare<TSketch>[] _shares;

    private SharedSketchLattice(LatticeKind kind, SketchShare<TSketch>[] shares)
    {
        (Kind, _shares) = (kind, shares);
        Sketches = Array.ConvertAll(shares, static share => share.Sketch);
    }

    /// <inheritdoc/>
    public override LatticeKind Kind { get; }

    /// <summary>What each replica has added, in the order of the replicas.</summary>
    public ReadOnlySpan<SketchShare<TSketch>> Shares => _shares;

    /// <summary>The same without the replicas.</summary>
    public IReadOnlyList<TSketch> Sketches { get; }

    /// <inheritdoc/>
    public override int MemoryBytes
    {
        get
        {
            var bytes = 72;
            foreach (ref readonly var share in _shares.AsSpan())
            {
                bytes += ShareBytes + share.Sketch.MemoryBytes;
            }

            return bytes;
        }
    }

    /// <inheritdoc/>
    public override int EncodedBytes
    {
        get
        {
            var bytes = 6;
            foreach (ref readonly var share in _shares.AsSpan())
            {
                bytes += 8 + share.Sketch.EncodedBytes;
            }

            return bytes;
        }
    }

    /// <summary>A sketch that nobody has added to.</summary>
    internal static SharedSketchLattice<TSketch> Empty(LatticeKind kind) => new(kind, []);

    /// <summary>A sketch of one replica alone.</summary>
    internal static SharedSketchLattice<TSketch> Of(LatticeKind kind, ReplicaId replica, TSketch sketch) => new(kind, [new SketchShare<TSketch>(replica, sketch)]);

    /// <summary>What one replica has added; null for nothing.</summary>
    public TSketch? ShareOf(ReplicaId replica)
    {
        foreach (ref readonly var share in _shares.AsSpan())
        {
            if (share.Replica == replica)
            {
                return share.Sketch;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var theirs = SameKind<SharedSketchLattice<TSketch>>(other)._shares;
        var merged = new List<SketchShare<TSketch>>(Math.Max(_shares.Length, theirs.Length));
        var adds = false;
        int i = 0, j = 0;
        while (i < _shares.Length || j < theirs.Length)
        {
            var order = i == _shares.Length ? 1 : j == theirs.Length ? -1 : _shares[i].Replica.CompareTo(theirs[j].Replica);
            var share = order switch
            {
                < 0 => _shares[i],
                > 0 => theirs[j],
                _ => _shares[i] with { Sketch = _shares[i].Sketch.Merge(theirs[j].Sketch) },
            };
            adds |= order > 0 || !ReferenceEquals(share.Sketch, _shares[i].Sketch);
            merged.Add(share);
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return adds ? new SharedSketchLattice<TSketch>(Kind, [.. merged]) : this;
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)_shares.Length);
        foreach (ref readonly var share in _shares.AsSpan())
        {
            output.WriteUInt64(share.Replica.Value);
            share.Sketch.WriteTo(output);
        }
    }

    internal static SharedSketchLattice<TSketch> Read(LatticeKind kind, ref ByteReader reader)
    {
        // A share has its replica, and of every sketch two bytes at least.
        var shares = new SketchShare<TSketch>[reader.ReadCount(10)];
        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = new SketchShare<TSketch>(new ReplicaId(reader.ReadUInt64()), TSketch.Read(ref reader));
            if (i > 0 && shares[i].Replica <= shares[i - 1].Replica)
            {
                throw new StateEncodingException("The replicas of a sketch are out of order.");
            }
        }

        return new SharedSketchLattice<TSketch>(kind, shares);
    }
}
