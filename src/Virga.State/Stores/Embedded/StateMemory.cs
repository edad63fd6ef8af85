using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>The keys in memory, and whether there are others on disk.</summary>
internal sealed class StateMemory
{
    private const int ShardCount = 64;

    private readonly MemoryShard[] _shards = new MemoryShard[ShardCount];
    private readonly long _retention;
    private long _coldOnly;
    private int _hand;

    /// <param name="tombstoneRetention">How long deletions are remembered.</param>
    public StateMemory(TimeSpan tombstoneRetention)
    {
        _retention = (long)tombstoneRetention.TotalMilliseconds;
        for (var i = 0; i < ShardCount; i++)
        {
            _shards[i] = new MemoryShard();
        }
    }

    public ReadOnlySpan<MemoryShard> Shards => _shards;

    /// <summary>Whether all keys are in memory.</summary>
    public bool IsComplete => Volatile.Read(ref _coldOnly) == 0;

    /// <summary>Whether the database lacks anything.</summary>
    public bool HasDirty => Array.Exists(_shards, static shard => shard.Dirty.Count > 0);

    /// <summary>Keys in memory.</summary>
    public int Count => Sum(static shard => shard.Entries.Count);

    /// <summary>Of how many of them the database lacks something.</summary>
    public int DirtyCount => Sum(static shard => shard.Dirty.Count + shard.Flushing.Count);

    /// <summary>Memory that all entries occupy, in bytes, roughly.</summary>
    public long Bytes
    {
        get
        {
            long sum = 0;
            foreach (var shard in _shards)
            {
                sum += shard.Bytes;
            }

            return sum;
        }
    }

    public MemoryShard ShardOf(StateKey key) => _shards[key.GetHashCode() & (ShardCount - 1)];

    /// <summary>So many keys more are on disk only.</summary>
    public void AddColdOnly(long count) => Interlocked.Add(ref _coldOnly, count);

    /// <summary>What is known of a key without the disk.</summary>
    /// <returns>False when the disk has to be asked; true without an entry when the key is known to have no record.</returns>
    public bool TryFind(StateKey key, out StateEntry? entry)
    {
        var hash = key.GetHashCode();
        var shard = _shards[hash & (ShardCount - 1)];
        var evictions = shard.Evictions;
        if (shard.Entries.TryGetValue(key, hash, out entry))
        {
            entry.Touch();
            return true;
        }

        if (!IsComplete)
        {
            return false;
        }

        // A key leaves memory only after the disk-only keys were counted up, and they are counted down only after it is back: at the moment when the count was 0 the
        // key was in memory or nowhere. If it is not there now, and none has left since, it is nowhere.
        return shard.Entries.TryGetValue(key, hash, out entry) || shard.Evictions == evictions;
    }

    /// <summary>Puts a record that the disk has into memory. Under the shard's lock.</summary>
    public StateEntry Load(MemoryShard shard, StateKey key, StateRecord record)
    {
        var entry = new StateEntry(key, record) { IsStored = true, Bytes = StateEntry.BytesOf(key, record) };
        shard.Entries.Add(entry);
        shard.Grow(entry.Bytes);
        Schedule(shard, entry);
        return entry;
    }

    /// <summary>Puts a record that the disk does not have into memory. Under the shard's lock.</summary>
    public void Put(MemoryShard shard, StateEntry? entry, StateKey key, StateRecord record)
    {
        if (entry is null)
        {
            entry = new StateEntry(key, record);
            shard.Entries.Add(entry);
        }
        else
        {
            entry.Record = record;
            entry.Touch();
        }

        var bytes = StateEntry.BytesOf(key, record);
        shard.Grow(bytes - entry.Bytes);
        entry.Bytes = bytes;
        if (!entry.IsDirty)
        {
            entry.IsDirty = true;
            shard.Dirty.Add(entry);
        }

        Schedule(shard, entry);
    }

    /// <summary>Takes an entry out of memory. Under the shard's lock.</summary>
    public static void Remove(MemoryShard shard, StateEntry entry)
    {
        shard.CountEviction();
        shard.Entries.Remove(entry);
        shard.Grow(-entry.Bytes);
    }

    /// <summary>When a record is to be looked at again: when it expires, or when its deletion may be forgotten; 0 for never.</summary>
    public long DueOf(StateRecord record) =>
        record.Value is null ? record.Generation.UnixMilliseconds + _retention
        : record.Expiry is { At: not Expiry.Never } expiry ? expiry.At
        : 0;

    /// <summary>Sees to it that an entry is looked at when it is due. Under the shard's lock.</summary>
    public void Schedule(MemoryShard shard, StateEntry entry)
    {
        var due = DueOf(entry.Record);

        // One place in the queue for each key: whoever comes too early puts it back.
        if (due != 0 && (entry.DueAt == 0 || due < entry.DueAt))
        {
            ScheduleAt(shard, entry, due);
        }
    }

    public static void ScheduleAt(MemoryShard shard, StateEntry entry, long due)
    {
        entry.DueAt = due;
        shard.Due.Enqueue(entry.Key, due);
    }

    /// <summary>Lets the least lately used of those that the disk has leave memory, by the second chance of a clock, until no more than so many bytes are left.</summary>
    public void Evict(long bytes)
    {
        var left = Bytes;
        for (var visited = 0; visited < 2 * ShardCount && left > bytes; visited++)
        {
            var shard = _shards[_hand];
            _hand = (_hand + 1) % ShardCount;
            lock (shard.Gate)
            {
                var before = shard.Bytes;
                EvictFrom(shard, left - bytes);
                left += shard.Bytes - before;
            }
        }
    }

    private int Sum(Func<MemoryShard, int> part)
    {
        var sum = 0;
        foreach (var shard in _shards)
        {
            sum += part(shard);
        }

        return sum;
    }

    private void EvictFrom(MemoryShard shard, long wanted)
    {
        var least = shard.Bytes - wanted;
        for (var place = 0; place < shard.Entries.Capacity && shard.Bytes > least; place++)
        {
            if (shard.Entries.At(place) is not { IsDirty: false, IsStored: true } entry)
            {
                continue;
            }

            if (entry.IsTouched)
            {
                entry.ClearTouched();
                continue;
            }

            AddColdOnly(1);
            Remove(shard, entry);
        }
    }
}
