using System.Diagnostics.CodeAnalysis;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>
/// The entries of a shard by their keys: open addressing, read without a lock, changed under the shard's lock. A read touches one slot and the entry itself; the general
/// concurrent dictionary touches a node more and hashes the key again, which at cache speed is half of a read.
/// </summary>
internal sealed class EntryTable
{
    private const int LeastSlots = 16;

    // The lower bits of a hash have chosen the shard.
    private const int ShardBits = 6;

    private static readonly StateEntry Removed = new(default, new StateRecord(default, null));

    private Slot[] _slots = new Slot[LeastSlots];
    private int _used;
    private int _count;

    /// <summary>Places that <see cref="At"/> can be asked for.</summary>
    public int Capacity => _slots.Length;

    /// <summary>Entries that are there.</summary>
    public int Count => Volatile.Read(ref _count);

    public bool TryGetValue(StateKey key, [NotNullWhen(true)] out StateEntry? entry) => TryGetValue(key, key.GetHashCode(), out entry);

    /// <summary>The entry of a key whose hash is known.</summary>
    public bool TryGetValue(StateKey key, int hash, [NotNullWhen(true)] out StateEntry? entry)
    {
        // A table that grows is replaced: an older one lacks at most what was added after this read began.
        var slots = Volatile.Read(ref _slots);
        for (var at = hash >>> ShardBits; ; at++)
        {
            ref var slot = ref slots[at & (slots.Length - 1)];
            var found = Volatile.Read(ref slot.Entry);
            if (found is null)
            {
                entry = null;
                return false;
            }

            if (slot.Hash == hash && !ReferenceEquals(found, Removed) && found.Key.Equals(key))
            {
                entry = found;
                return true;
            }
        }
    }

    /// <summary>Adds an entry whose key has none. Under the shard's lock.</summary>
    public void Add(StateEntry entry)
    {
        if ((_used + 1) * 2 > _slots.Length)
        {
            Rebuild();
        }

        Place(_slots, entry.Key.GetHashCode(), entry);
        _used++;
        _count++;
    }

    /// <summary>Takes out an entry that is there. Under the shard's lock.</summary>
    public void Remove(StateEntry entry)
    {
        for (var at = entry.Key.GetHashCode() >>> ShardBits; ; at++)
        {
            ref var slot = ref _slots[at & (_slots.Length - 1)];
            if (ReferenceEquals(slot.Entry, entry))
            {
                // The slot stays in use, so that those behind it are still found.
                Volatile.Write(ref slot.Entry, Removed);
                _count--;
                return;
            }
        }
    }

    /// <summary>What is at a place; null where nothing is. Under the shard's lock.</summary>
    public StateEntry? At(int place) => _slots[place].Entry is { } entry && !ReferenceEquals(entry, Removed) ? entry : null;

    private static void Place(Slot[] slots, int hash, StateEntry entry)
    {
        var at = hash >>> ShardBits;
        while (slots[at & (slots.Length - 1)].Entry is not null)
        {
            at++;
        }

        ref var slot = ref slots[at & (slots.Length - 1)];
        slot.Hash = hash;

        // Last: who sees the entry sees its hash.
        Volatile.Write(ref slot.Entry, entry);
    }

    // Without what was removed, and a quarter full.
    private void Rebuild()
    {
        var length = LeastSlots;
        while (length < (_count + 1) * 4)
        {
            length *= 2;
        }

        var slots = new Slot[length];
        foreach (var slot in _slots)
        {
            if (slot.Entry is { } entry && !ReferenceEquals(entry, Removed))
            {
                Place(slots, slot.Hash, entry);
            }
        }

        _used = _count;
        Volatile.Write(ref _slots, slots);
    }

    private struct Slot
    {
        public StateEntry? Entry;
        public int Hash;
    }
}
