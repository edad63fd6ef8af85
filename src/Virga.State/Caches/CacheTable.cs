using System.Collections.Concurrent;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Caches;

/// <summary>The entries of a node's cache, with what they take of its memory.</summary>
internal sealed class CacheTable(long memoryBytes)
{
    // So much more than a record itself an entry takes: the object, the dictionary's node, the key's text.
    private const int EntryOverhead = 220;

    private readonly ConcurrentDictionary<StateKey, CacheEntry> _entries = new();
    private long _serial;
    private long _bytes;
    private long _evictions;

    /// <summary>Grows slowly; entries remember it when they are read, which orders them by last use.</summary>
    public int Tick { get; set; }

    public long Bytes => Volatile.Read(ref _bytes);

    public long Evictions => Volatile.Read(ref _evictions);

    public int Count => _entries.Count;

    public CacheEntry? Find(StateKey key) => _entries.GetValueOrDefault(key);

    /// <summary>The entry of a key; a new one shows nothing until it is loaded.</summary>
    public CacheEntry Obtain(StateKey key)
    {
        if (_entries.TryGetValue(key, out var known))
        {
            return known;
        }

        var entry = _entries.GetOrAdd(key, new CacheEntry(key, Interlocked.Increment(ref _serial)) { Touched = Tick });
        return entry;
    }

    /// <summary>All entries, in an order that is the same in every run of the same history.</summary>
    public List<CacheEntry> InOrder()
    {
        var entries = _entries.Values.ToList();
        entries.Sort(static (a, b) => a.Serial.CompareTo(b.Serial));
        return entries;
    }

    /// <summary>An entry, locked by the caller, shows another record.</summary>
    public void Show(CacheEntry entry, StateRecord record)
    {
        entry.Shown = record;
        var bytes = EntryOverhead + (entry.Key.Text.Length * 2) + record.MemoryBytes;
        Interlocked.Add(ref _bytes, bytes - entry.CountedBytes);
        entry.CountedBytes = bytes;
    }

    /// <summary>Removes an entry that shows nothing and has nothing to store.</summary>
    public void RemoveUnloaded(CacheEntry entry)
    {
        lock (entry.Lock)
        {
            if (entry.Shown is null && entry.Loading is null && entry.IsStored)
            {
                Remove(entry);
            }
        }
    }

    /// <summary>
    /// Makes room when there is too little: of the entries whose writes are all stored, those go that were not read for the longest time, until a tenth is free, so
    /// that looking at all of them pays.
    /// </summary>
    /// <returns>Those that went.</returns>
    public List<CacheEntry> Evict()
    {
        if (Bytes <= memoryBytes)
        {
            return [];
        }

        // Reads go on, and change when entries were touched: an order that changes while it is sorted by is none, and sorting may fail over it.
        var candidates = new List<(int Touched, CacheEntry Entry)>();
        foreach (var entry in _entries.Values)
        {
            if (entry.Shown is not null && entry.IsStored)
            {
                candidates.Add((entry.Touched, entry));
            }
        }

        candidates.Sort(static (a, b) => a.Touched != b.Touched ? a.Touched.CompareTo(b.Touched) : a.Entry.Serial.CompareTo(b.Entry.Serial));
        var evicted = new List<CacheEntry>();
        foreach (var (_, entry) in candidates)
        {
            if (Bytes <= memoryBytes / 10 * 9)
            {
                break;
            }

            lock (entry.Lock)
            {
                // A write may have come since.
                if (TryRemove(entry))
                {
                    evicted.Add(entry);
                }
            }
        }

        Interlocked.Add(ref _evictions, evicted.Count);
        return evicted;
    }

    /// <summary>Removes an entry of which the store knows nothing, unless it waits to be stored or somebody is about to write to it.</summary>
    /// <returns>Whether it showed something, and is gone.</returns>
    public bool TryForget(CacheEntry entry)
    {
        lock (entry.Lock)
        {
            return !ReferenceEquals(entry.Shown, CacheEntry.Nothing) && TryRemove(entry);
        }
    }

    private bool TryRemove(CacheEntry entry)
    {
        if (entry.IsEvicted || !entry.IsStored || entry.Loading is not null || Volatile.Read(ref entry.Writers) != 0)
        {
            return false;
        }

        Remove(entry);
        return true;
    }

    private void Remove(CacheEntry entry)
    {
        entry.IsEvicted = true;
        _entries.TryRemove(KeyValuePair.Create(entry.Key, entry));
        Interlocked.Add(ref _bytes, -entry.CountedBytes);
        entry.CountedBytes = 0;
    }
}
