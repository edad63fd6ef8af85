using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>Lists keys: those of the database, with what memory has newer, and those that only memory has.</summary>
internal sealed class EmbeddedListing(StateMemory memory, ColdStore cold, long unixMilliseconds)
{
    private readonly List<StateDelta> _items = [];

    public StateListing Read(Scope scope, string prefix, string? after, int limit)
    {
        // Memory first: a key that a checkpoint moves to the database meanwhile is then seen twice, not never.
        var fresh = FreshKeys(scope, prefix, after);
        var next = 0;
        var from = after is not null && KeyOrder.Compare(after, prefix) >= 0 ? after : prefix;
        cold.Scan(scope, from, inclusive: !ReferenceEquals(from, after), (key, stored) =>
        {
            if (!key.Text.StartsWith(prefix, StringComparison.Ordinal))
            {
                return false;
            }

            for (; next < fresh.Count && KeyOrder.Compare(fresh[next].Key.Text, key.Text) < 0; next++)
            {
                Add(fresh[next].Key, fresh[next].Record);
            }

            if (next < fresh.Count && fresh[next].Key == key)
            {
                next++;
            }

            Add(key, memory.ShardOf(key).Entries.TryGetValue(key, out var entry) ? entry.Record : stored);
            return _items.Count <= limit;
        });
        for (; next < fresh.Count && _items.Count <= limit; next++)
        {
            Add(fresh[next].Key, fresh[next].Record);
        }

        var hasMore = _items.Count > limit;
        if (hasMore)
        {
            _items.RemoveRange(limit, _items.Count - limit);
        }

        return new StateListing(_items, hasMore);
    }

    private void Add(StateKey key, StateRecord record)
    {
        if (record.IsLive(unixMilliseconds))
        {
            _items.Add(new StateDelta(key, record));
        }
    }

    // Only what changed since the last checkpoint can be missing in the database.
    private List<StateEntry> FreshKeys(Scope scope, string prefix, string? after)
    {
        var fresh = new List<StateEntry>();
        foreach (var shard in memory.Shards)
        {
            lock (shard.Gate)
            {
                Collect(shard.Dirty);
                Collect(shard.Flushing);
            }
        }

        fresh.Sort(static (a, b) => KeyOrder.Compare(a.Key.Text, b.Key.Text));
        return fresh;

        void Collect(List<StateEntry> entries)
        {
            foreach (var entry in entries)
            {
                if (!entry.IsStored && entry.Key.Scope == scope && entry.Key.Text.StartsWith(prefix, StringComparison.Ordinal) && (after is null || KeyOrder.Compare(entry.Key.Text, after) > 0))
                {
                    fresh.Add(entry);
                }
            }
        }
    }
}
