using System.Buffers;
using Virga.State.Binary;
using Virga.State.Keys;

namespace Virga.State.Lattices;

/// <summary>
/// A number that is incremented and decremented anywhere: of each replica, what it added and what it took away (the PN-Counter of Shapiro et al., "A comprehensive
/// study of Convergent and Commutative Replicated Data Types", 2011).
/// </summary>
public sealed class CounterLattice : Lattice
{
    /// <summary>Nobody has counted.</summary>
    public static readonly CounterLattice Zero = new([]);

    private const int ShareBytes = 24;
    private readonly CounterShare[] _shares;

    private CounterLattice(CounterShare[] shares)
    {
        _shares = shares;
        var sum = Int128.Zero;
        foreach (ref readonly var share in shares.AsSpan())
        {
            sum += (Int128)share.Up - share.Down;
        }

        // Every increment is held to 64 bits, but increments that did not know each other may pass it together: then the number stands at its bound.
        Value = sum > long.MaxValue ? long.MaxValue : sum < long.MinValue ? long.MinValue : (long)sum;
    }

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Counter;

    /// <summary>The number.</summary>
    public long Value { get; }

    /// <summary>What each replica has counted, in the order of the replicas.</summary>
    public ReadOnlySpan<CounterShare> Shares => _shares;

    /// <inheritdoc/>
    public override int MemoryBytes => 72 + (_shares.Length * ShareBytes);

    /// <inheritdoc/>
    public override int EncodedBytes => 6 + (_shares.Length * 28);

    /// <summary>A counter of one replica alone.</summary>
    public static CounterLattice Of(CounterShare share) => new([share]);

    /// <summary>What one replica has counted; zero when nothing.</summary>
    public CounterShare ShareOf(ReplicaId replica)
    {
        var at = Find(replica);
        return at >= 0 ? _shares[at] : new CounterShare(replica, 0, 0);
    }

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var counter = SameKind<CounterLattice>(other);
        return counter._shares.Length switch
        {
            0 => this,
            1 => MergeOne(counter),
            _ => MergeAll(counter),
        };
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)_shares.Length);
        foreach (ref readonly var share in _shares.AsSpan())
        {
            output.WriteUInt64(share.Replica.Value);
            output.WriteVarint(share.Up);
            output.WriteVarint(share.Down);
        }
    }

    internal static CounterLattice Read(ref ByteReader reader)
    {
        var shares = new CounterShare[reader.ReadCount(10)];
        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = new CounterShare(new ReplicaId(reader.ReadUInt64()), reader.ReadVarint(), reader.ReadVarint());
            if (i > 0 && shares[i].Replica <= shares[i - 1].Replica)
            {
                throw new StateEncodingException("The replicas of a counter are out of order.");
            }
        }

        return shares.Length == 0 ? Zero : new CounterLattice(shares);
    }

    // What an increment adds: the path of every one of them.
    private CounterLattice MergeOne(CounterLattice other)
    {
        var share = other._shares[0];
        var at = Find(share.Replica);
        if (at < 0)
        {
            if (_shares.Length == 0)
            {
                return other;
            }

            at = ~at;
            var longer = new CounterShare[_shares.Length + 1];
            _shares.AsSpan(0, at).CopyTo(longer);
            longer[at] = share;
            _shares.AsSpan(at).CopyTo(longer.AsSpan(at + 1));
            return new CounterLattice(longer);
        }

        var known = _shares[at];
        if (known.Up >= share.Up && known.Down >= share.Down)
        {
            return this;
        }

        if (_shares.Length == 1 && share.Up >= known.Up && share.Down >= known.Down)
        {
            return other;
        }

        var merged = _shares.AsSpan().ToArray();
        merged[at] = Max(known, share);
        return new CounterLattice(merged);
    }

    private CounterLattice MergeAll(CounterLattice other)
    {
        var merged = new List<CounterShare>(Math.Max(_shares.Length, other._shares.Length));
        var adds = false;
        int i = 0, j = 0;
        while (i < _shares.Length || j < other._shares.Length)
        {
            var order = i == _shares.Length ? 1 : j == other._shares.Length ? -1 : _shares[i].Replica.CompareTo(other._shares[j].Replica);
            var share = order switch
            {
                < 0 => _shares[i],
                > 0 => other._shares[j],
                _ => Max(_shares[i], other._shares[j]),
            };
            adds |= order > 0 || share != _shares[i];
            merged.Add(share);
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return adds ? new CounterLattice([.. merged]) : this;
    }

    // A handful of replicas: looking at each in turn is the fastest there is.
    private int Find(ReplicaId replica)
    {
        for (var i = 0; i < _shares.Length; i++)
        {
            if (_shares[i].Replica >= replica)
            {
                return _shares[i].Replica == replica ? i : ~i;
            }
        }

        return ~_shares.Length;
    }

    private static CounterShare Max(in CounterShare a, in CounterShare b) => new(a.Replica, Math.Max(a.Up, b.Up), Math.Max(a.Down, b.Down));
}
