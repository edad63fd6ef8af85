using System.Buffers;
using System.Collections.Immutable;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Time;

namespace Virga.State.Lattices;

/// <summary>
/// The last entries that were appended anywhere, in the order of their times. What is dropped is said by a floor that only rises: everything up to it is gone. To keep the newest
/// so many of a union would not do: with two bounds in play, what is left would depend on the order in which logs merge. A log that several nodes append to at the
/// same time may hold more than it keeps until the next entry; it never shows more.
/// </summary>
public sealed class LogLattice : Lattice
{
    /// <summary>A log that nobody has appended to.</summary>
    public static readonly LogLattice Empty = new(default, default, ImmutableSortedSet<LogEntry>.Empty, 0);

    private const int EntryOverhead = 24;
    private readonly int _bytes;

    private LogLattice(LogKeep keep, LogPosition floor, ImmutableSortedSet<LogEntry> held, int bytes)
    {
        Keep = keep;
        Floor = floor;
        Held = held;
        _bytes = bytes;
    }

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Log;

    /// <summary>How many entries it keeps.</summary>
    public LogKeep Keep { get; }

    /// <summary>Where it begins: what stands here or before is gone.</summary>
    public LogPosition Floor { get; }

    /// <summary>All entries that it holds, the oldest first.</summary>
    public ImmutableSortedSet<LogEntry> Held { get; }

    /// <summary>How many entries it shows.</summary>
    public int Count => Math.Min(Held.Count, Keep.Effective);

    /// <inheritdoc/>
    public override int MemoryBytes => 120 + _bytes + (Held.Count * 100);

    /// <inheritdoc/>
    public override int EncodedBytes => 60 + _bytes;

    /// <summary>The last entries that it shows, the oldest of them first.</summary>
    public IEnumerable<Payload> Last(int count)
    {
        for (var i = Held.Count - Math.Min(count, Count); i < Held.Count; i++)
        {
            yield return Held[i].Payload;
        }
    }

    /// <summary>What appending adds to this log: the entries that stay, and the floor below which they push others.</summary>
    /// <param name="entries">The entries, the oldest first; together within the limit of a value.</param>
    /// <param name="keep">How many to keep from now on; null for what holds.</param>
    /// <param name="replica">Who appends.</param>
    /// <param name="now">When.</param>
    public LogLattice Delta(IReadOnlyList<Payload> entries, int? keep, ReplicaId replica, HybridTimestamp now)
    {
        // After all that is known here, whatever this node's clock says of it.
        var known = HybridTimestamp.Max(Held.IsEmpty ? Floor.At : Held.Max.Position.At, Floor.At);
        var at = now > known || known.Value == ulong.MaxValue ? now : new HybridTimestamp(known.Value + 1);
        var kept = keep is { } said ? new LogKeep(at, said) : Keep;

        var room = (long)StateLimits.MaxValueBytes - 60;
        var stay = 0;
        while (stay < Math.Min(entries.Count, kept.Effective) && SizeOf(entries[entries.Count - 1 - stay]) <= room)
        {
            room -= SizeOf(entries[entries.Count - 1 - stay]);
            stay++;
        }

        // From the oldest on: what is too many, and then what is too large. Mostly that is one entry.
        var drop = 0;
        var left = (long)_bytes;
        while (drop < Held.Count && (Held.Count - drop > kept.Effective - stay || left > room))
        {
            left -= SizeOf(Held[drop++].Payload);
        }

        var floor = stay < entries.Count ? new LogPosition(at, replica, (ulong)(entries.Count - stay - 1))
            : drop > 0 ? Held[drop - 1].Position
            : Floor;
        var held = ImmutableSortedSet.CreateBuilder<LogEntry>();
        var bytes = 0;
        for (var i = entries.Count - stay; i < entries.Count; i++)
        {
            held.Add(new LogEntry(new LogPosition(at, replica, (ulong)i), entries[i]));
            bytes += SizeOf(entries[i]);
        }

        return new LogLattice(keep is null ? default : kept, floor, held.ToImmutable(), bytes);
    }

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var log = SameKind<LogLattice>(other);
        if (log.Held.Count > Held.Count && log.MergeIn(this) is var merged)
        {
            // The smaller into the larger; entries that the floor here has dropped may leave nothing of the larger.
            return SameAs(merged) ? this : merged;
        }

        return MergeIn(log);
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteUInt64(Keep.At.Value);
        output.WriteVarint((ulong)Keep.Entries);
        output.WriteUInt64(Floor.At.Value);
        output.WriteUInt64(Floor.Replica.Value);
        output.WriteVarint(Floor.Sequence);
        output.WriteVarint((ulong)Held.Count);
        ulong last = 0;
        foreach (var entry in Held)
        {
            output.WriteVarint(entry.Position.At.Value - last);
            output.WriteUInt64(entry.Position.Replica.Value);
            output.WriteVarint(entry.Position.Sequence);
            output.WriteBytes(entry.Payload.Bytes.Span);
            last = entry.Position.At.Value;
        }
    }

    internal static LogLattice Read(ref ByteReader reader)
    {
        var keep = new HybridTimestamp(reader.ReadUInt64());
        var keeps = reader.ReadVarint();
        if (keeps > StateLimits.MaxLogEntries)
        {
            throw new StateEncodingException("A log keeps more entries than logs can.");
        }

        var floor = new LogPosition(new HybridTimestamp(reader.ReadUInt64()), new ReplicaId(reader.ReadUInt64()), reader.ReadVarint());
        var held = ImmutableSortedSet.CreateBuilder<LogEntry>();
        var bytes = 0;
        var last = floor;
        ulong at = 0;
        for (var count = reader.ReadCount(12); count > 0; count--)
        {
            at = unchecked(at + reader.ReadVarint());
            var position = new LogPosition(new HybridTimestamp(at), new ReplicaId(reader.ReadUInt64()), reader.ReadVarint());
            var payload = LatticeEncoding.ReadPayload(reader.ReadBytes());
            if (position < last || (position == last && (held.Count > 0 || floor != default)))
            {
                throw new StateEncodingException("The entries of a log are out of order.");
            }

            held.Add(new LogEntry(position, payload));
            bytes += SizeOf(payload);
            last = position;
        }

        return new LogLattice(new LogKeep(keep, (int)keeps), floor, held.ToImmutable(), bytes);
    }

    private LogLattice MergeIn(LogLattice other)
    {
        var keep = LogKeep.Max(Keep, other.Keep);
        var floor = other.Floor > Floor ? other.Floor : Floor;
        var held = Held.ToBuilder();
        var bytes = _bytes;
        while (held.Count > 0 && held.Min is var oldest && IsGone(oldest.Position, floor))
        {
            held.Remove(oldest);
            bytes -= SizeOf(oldest.Payload);
        }

        var adds = held.Count < Held.Count || keep != Keep || floor != Floor;
        foreach (var entry in other.Held)
        {
            if (!IsGone(entry.Position, floor) && held.Add(entry))
            {
                bytes += SizeOf(entry.Payload);
                adds = true;
            }
        }

        return adds ? new LogLattice(keep, floor, held.ToImmutable(), bytes) : this;
    }

    // A floor that was never raised is below every entry.
    private static bool IsGone(LogPosition position, LogPosition floor) => position <= floor && floor != default;

    private bool SameAs(LogLattice other) => Keep == other.Keep && Floor == other.Floor && Held.Count == other.Held.Count && Held.SequenceEqual(other.Held);

    private static int SizeOf(Payload payload) => EntryOverhead + payload.Bytes.Length;
}
