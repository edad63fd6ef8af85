using System.Buffers;
using Virga.State.Binary;
using Virga.State.Keys;

namespace Virga.State.Lattices.Dots;

/// <summary>
/// The updates that a replica has seen, whether they still show or not (the causal context of Almeida, Shoker, Baquero: "Delta state replicated data types", 2018). Kept as
/// ranges: what came in order is one range for each replica, and what came early stands apart until the gap is filled. Immutable.
/// </summary>
internal sealed class DotContext
{
    public static readonly DotContext Empty = new([]);

    // By replica, then by dots; ranges of one replica neither touch nor overlap, so that there is one form for each content.
    private readonly DotRange[] _ranges;

    private DotContext(DotRange[] ranges)
    {
        _ranges = ranges;
        UInt128 count = 0;
        foreach (ref readonly var range in ranges.AsSpan())
        {
            count += range.To - range.From + UInt128.One;
        }

        Count = count > ulong.MaxValue ? ulong.MaxValue : (ulong)count;
    }

    /// <summary>How many updates.</summary>
    public ulong Count { get; }

    public ReadOnlySpan<DotRange> Ranges => _ranges;

    public int MemoryBytes => 48 + (_ranges.Length * 24);

    public int EncodedBytes => 5 + (_ranges.Length * 29);

    /// <summary>A context of single dots, in any order.</summary>
    public static DotContext Of(List<Dot> dots)
    {
        if (dots.Count == 0)
        {
            return Empty;
        }

        dots.Sort();
        var ranges = new List<DotRange>(1);
        foreach (var dot in dots)
        {
            Append(ranges, new DotRange(dot.Replica, dot.Count, dot.Count));
        }

        return new DotContext([.. ranges]);
    }

    public bool Contains(Dot dot)
    {
        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            ref readonly var range = ref _ranges[middle];
            var order = range.Replica.CompareTo(dot.Replica);
            if (order == 0 && range.From <= dot.Count && dot.Count <= range.To)
            {
                return true;
            }

            if (order < 0 || (order == 0 && range.To < dot.Count))
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return false;
    }

    /// <summary>The greatest count of a replica; 0 when there is none.</summary>
    public ulong Last(ReplicaId replica)
    {
        for (var i = _ranges.Length - 1; i >= 0; i--)
        {
            if (_ranges[i].Replica == replica)
            {
                return _ranges[i].To;
            }
        }

        return 0;
    }

    /// <summary>What either has seen. Gives <c>this</c> where the other adds nothing.</summary>
    public DotContext Merge(DotContext other)
    {
        if (other._ranges.Length == 0 || ReferenceEquals(this, other))
        {
            return this;
        }

        var merged = new List<DotRange>(_ranges.Length + 1);
        int i = 0, j = 0;
        while (i < _ranges.Length || j < other._ranges.Length)
        {
            var mine = j == other._ranges.Length || (i < _ranges.Length && Precedes(_ranges[i], other._ranges[j]));
            Append(merged, mine ? _ranges[i++] : other._ranges[j++]);
        }

        return merged.Count == _ranges.Length && _ranges.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(merged)) ? this
            : merged.Count == other._ranges.Length && other._ranges.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(merged)) ? other
            : new DotContext([.. merged]);
    }

    /// <summary>Writes it; gives the replicas in the order in which <see cref="Read"/> finds them.</summary>
    public List<ReplicaId> WriteTo(IBufferWriter<byte> output)
    {
        var replicas = new List<ReplicaId>();
        foreach (ref readonly var range in _ranges.AsSpan())
        {
            if (replicas.Count == 0 || replicas[^1] != range.Replica)
            {
                replicas.Add(range.Replica);
            }
        }

        output.WriteVarint((ulong)replicas.Count);
        var at = 0;
        foreach (var replica in replicas)
        {
            var end = at;
            while (end < _ranges.Length && _ranges[end].Replica == replica)
            {
                end++;
            }

            output.WriteUInt64(replica.Value);
            output.WriteVarint((ulong)(end - at));
            ulong last = 0;
            for (; at < end; at++)
            {
                output.WriteVarint(_ranges[at].From - last);
                output.WriteVarint(_ranges[at].To - _ranges[at].From);
                last = _ranges[at].To;
            }
        }

        return replicas;
    }

    public static DotContext Read(ref ByteReader reader, out ReplicaId[] replicas)
    {
        replicas = new ReplicaId[reader.ReadCount(11)];
        var ranges = new List<DotRange>(replicas.Length);
        for (var i = 0; i < replicas.Length; i++)
        {
            replicas[i] = new ReplicaId(reader.ReadUInt64());
            if (i > 0 && replicas[i] <= replicas[i - 1])
            {
                throw new StateEncodingException("The replicas of a context are out of order.");
            }

            var count = reader.ReadCount(2);
            ulong last = 0;
            for (var n = 0; n < count; n++)
            {
                // At least 1 for the first, and then 2: else the ranges would touch.
                var gap = reader.ReadVarint();
                var length = reader.ReadVarint();
                if (gap < (n == 0 ? 1UL : 2UL) || gap > ulong.MaxValue - last || length > ulong.MaxValue - (last + gap))
                {
                    throw new StateEncodingException("The ranges of a context overlap.");
                }

                ranges.Add(new DotRange(replicas[i], last + gap, last + gap + length));
                last += gap + length;
            }

            if (count == 0)
            {
                throw new StateEncodingException("A replica of a context has no ranges.");
            }
        }

        return ranges.Count == 0 ? Empty : new DotContext([.. ranges]);
    }

    private static bool Precedes(in DotRange a, in DotRange b) => a.Replica != b.Replica ? a.Replica < b.Replica : a.From <= b.From;

    // Ranges come in the order of their beginnings.
    private static void Append(List<DotRange> ranges, in DotRange next)
    {
        if (ranges.Count > 0 && ranges[^1] is var last && last.Replica == next.Replica && (next.From <= last.To || next.From - last.To == 1))
        {
            ranges[^1] = last with { To = Math.Max(last.To, next.To) };
            return;
        }

        ranges.Add(next);
    }
}
