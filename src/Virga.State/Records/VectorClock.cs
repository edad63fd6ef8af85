using Virga.State.Keys;

namespace Virga.State.Records;

/// <summary>How many updates of each replica a version includes: orders versions by cause and effect. Immutable.</summary>
public sealed class VectorClock
{
    /// <summary>Includes nothing.</summary>
    public static readonly VectorClock Empty = new([]);

    private readonly (ReplicaId Replica, ulong Count)[] _entries;

    private VectorClock((ReplicaId, ulong)[] entries) => _entries = entries;

    /// <summary>The counts above 0, in the order of their replicas.</summary>
    public IReadOnlyList<(ReplicaId Replica, ulong Count)> Entries => _entries;

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public int MemoryBytes => 40 + (_entries.Length * 16);

    /// <summary>A clock of counts; each replica once.</summary>
    public static VectorClock Of(IEnumerable<(ReplicaId Replica, ulong Count)> entries) => new([.. entries.Where(static e => e.Count > 0).OrderBy(static e => e.Replica)]);

    /// <summary>A clock of one replica's count.</summary>
    public static VectorClock Of(ReplicaId replica, ulong count) => count == 0 ? Empty : new VectorClock([(replica, count)]);

    /// <summary>How many updates of one replica it includes.</summary>
    public ulong this[ReplicaId replica]
    {
        get
        {
            foreach (var (known, count) in _entries)
            {
                if (known == replica)
                {
                    return count;
                }
            }

            return 0;
        }
    }

    /// <summary>The clock after one more update of a replica.</summary>
    public VectorClock Next(ReplicaId replica) => With(replica, this[replica] + 1);

    /// <summary>The least upper bound. Gives <c>this</c> where the other adds nothing.</summary>
    public VectorClock Merge(VectorClock other)
    {
        if (Includes(other))
        {
            return this;
        }

        if (other.Includes(this))
        {
            return other;
        }

        var merged = new List<(ReplicaId, ulong)>(_entries.Length + other._entries.Length);
        int i = 0, j = 0;
        while (i < _entries.Length || j < other._entries.Length)
        {
            var order = i == _entries.Length ? 1 : j == other._entries.Length ? -1 : _entries[i].Replica.CompareTo(other._entries[j].Replica);
            merged.Add(order switch
            {
                < 0 => _entries[i++],
                > 0 => other._entries[j++],
                _ => (_entries[i].Replica, Math.Max(_entries[i++].Count, other._entries[j++].Count)),
            });
        }

        return new VectorClock([.. merged]);
    }

    /// <summary>Whether every update that the other includes is included here: this is the same or later.</summary>
    public bool Includes(VectorClock other)
    {
        foreach (var (replica, count) in other._entries)
        {
            if (this[replica] < count)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether neither includes the other.</summary>
    public bool IsConcurrentTo(VectorClock other) => !Includes(other) && !other.Includes(this);

    /// <summary>An order of contents, for sorting: it says nothing of cause and effect.</summary>
    internal int CompareContent(VectorClock other)
    {
        var order = _entries.Length.CompareTo(other._entries.Length);
        for (var i = 0; order == 0 && i < _entries.Length; i++)
        {
            order = _entries[i].CompareTo(other._entries[i]);
        }

        return order;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is VectorClock other && _entries.AsSpan().SequenceEqual(other._entries);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var entry in _entries)
        {
            hash.Add(entry);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{{{string.Join(", ", _entries.Select(static e => $"{e.Replica}:{e.Count}"))}}}";

    private VectorClock With(ReplicaId replica, ulong count)
    {
        var at = Array.FindIndex(_entries, e => e.Replica >= replica);
        if (at >= 0 && _entries[at].Replica == replica)
        {
            var changed = _entries.ToArray();
            changed[at] = (replica, count);
            return new VectorClock(changed);
        }

        at = at < 0 ? _entries.Length : at;
        return new VectorClock([.. _entries[..at], (replica, count), .. _entries[at..]]);
    }
}
