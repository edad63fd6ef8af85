using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Caches;

/// <summary>What one transaction stores: entries that waited, and whatever of this node's own they depend on.</summary>
internal sealed class FlushBatch(CacheTable table, DirtyQueue dirty)
{
    private readonly Dictionary<StateKey, int> _positions = [];
    private readonly List<StateRecord> _records = [];

    public List<CacheEntry> Entries { get; } = [];

    public int Count => Entries.Count;

    public long Bytes { get; private set; }

    /// <summary>Behind the last of the entries' writes in the log.</summary>
    public long LogPosition { get; private set; }

    /// <summary>Adds an entry that has something to store, and the closure of its dependencies.</summary>
    public void Add(CacheEntry entry)
    {
        var open = new Stack<CacheEntry>();
        open.Push(entry);
        while (open.TryPop(out var next))
        {
            if (dirty.Take(next) is not { } record)
            {
                continue;
            }

            Put(next, record);
            if (record.Causality is not { Dependencies.IsEmpty: false } causality)
            {
                continue;
            }

            foreach (var (text, least) in causality.Dependencies)
            {
                var key = new StateKey(next.Key.Scope, text);

                // Taken before, a dependency may have been written again before this version was: then it is taken again.
                if ((!_positions.TryGetValue(key, out var at) || !CacheEntry.ClockOf(_records[at]).Includes(least)) && table.Find(key) is { IsStored: false } dependency)
                {
                    open.Push(dependency);
                }
            }
        }
    }

    public List<StateDelta> ToDeltas()
    {
        var deltas = new List<StateDelta>(Count);
        for (var i = 0; i < Count; i++)
        {
            deltas.Add(new StateDelta(Entries[i].Key, _records[i]));
        }

        return deltas;
    }

    public void Stored() => Entries.ForEach(dirty.Stored);

    public void GiveBack() => Entries.ForEach(dirty.GiveBack);

    private void Put(CacheEntry entry, StateRecord record)
    {
        if (_positions.TryGetValue(entry.Key, out var at))
        {
            _records[at] = record;
        }
        else
        {
            _positions[entry.Key] = Count;
            Entries.Add(entry);
            _records.Add(record);
        }

        Bytes += record.MemoryBytes;
        LogPosition = Math.Max(LogPosition, entry.LogPosition);
    }
}
