using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>Merges several deltas at once: under the locks of all their shards, taken in one order everywhere.</summary>
internal sealed class BatchMerge
{
    private readonly StateMemory _memory;
    private readonly StateDelta[] _deltas;
    private readonly MemoryShard[] _shards;
    private readonly long[] _evictions;

    public BatchMerge(StateMemory memory, StateDelta[] deltas)
    {
        _memory = memory;
        _deltas = deltas;
        var wanted = deltas.Select(delta => memory.ShardOf(delta.Key)).ToHashSet();
        _shards = [.. memory.Shards.ToArray().Where(wanted.Contains)];
        _evictions = new long[_shards.Length];
    }

    /// <returns>What each delta's key holds then, and the position in the log behind all of them.</returns>
    public (IReadOnlyList<StateRecord> Records, long Position) Carry(EmbeddedStateStore store)
    {
        var records = new StateRecord[_deltas.Length];
        while (true)
        {
            for (var i = 0; i < _shards.Length; i++)
            {
                _evictions[i] = _shards[i].Evictions;
            }

            foreach (var delta in _deltas)
            {
                store.Find(delta.Key);
            }

            var held = 0;
            try
            {
                for (; held < _shards.Length; held++)
                {
                    _shards[held].Gate.Enter();
                }

                if (IsSettled())
                {
                    var position = store.Commit(_deltas, records);
                    return (records, position);
                }
            }
            finally
            {
                while (held > 0)
                {
                    _shards[--held].Gate.Exit();
                }
            }
        }
    }

    // Each key is in memory, or was nowhere and none has left memory since that was found.
    private bool IsSettled()
    {
        foreach (var delta in _deltas)
        {
            var shard = _memory.ShardOf(delta.Key);
            if (!shard.Entries.TryGetValue(delta.Key, out _) && shard.Evictions != _evictions[Array.IndexOf(_shards, shard)])
            {
                return false;
            }
        }

        return true;
    }
}
