using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>Writes the entries of a checkpoint to the database, in transactions of bounded size.</summary>
internal sealed class CheckpointFlush(StateMemory memory, ColdStore cold, int rowsPerTransaction, long bytesPerTransaction)
{
    private readonly List<(MemoryShard Shard, StateEntry Entry)> _entries = [];
    private readonly List<ColdRow> _rows = [];
    private long _bytes;

    /// <summary>Writes all; what could not be written is dirty as before.</summary>
    public void Run()
    {
        var shards = memory.Shards.ToArray();
        try
        {
            foreach (var shard in shards)
            {
                foreach (var entry in shard.Flushing)
                {
                    Add(shard, entry);
                }
            }

            Write();
        }
        catch
        {
            KeepDirty(shards);
            throw;
        }
        finally
        {
            foreach (var shard in shards)
            {
                lock (shard.Gate)
                {
                    shard.EndFlush();
                }
            }
        }
    }

    // An entry that was written and has changed since is among its shard's dirty ones already.
    private static void KeepDirty(MemoryShard[] shards)
    {
        foreach (var shard in shards)
        {
            lock (shard.Gate)
            {
                var dirty = shard.Dirty.ToHashSet();
                shard.Dirty.AddRange(shard.Flushing.Where(entry => entry.IsDirty && dirty.Add(entry)));
            }
        }
    }

    private void Add(MemoryShard shard, StateEntry entry)
    {
        var record = entry.Record;
        _entries.Add((shard, entry));
        _rows.Add(new ColdRow(entry.Key, record, memory.DueOf(record)));
        _bytes += record.MemoryBytes;
        if (_rows.Count >= rowsPerTransaction || _bytes >= bytesPerTransaction)
        {
            Write();
        }
    }

    private void Write()
    {
        if (_rows.Count == 0)
        {
            return;
        }

        cold.Write(_rows);
        for (var i = 0; i < _rows.Count; i++)
        {
            var (shard, entry) = _entries[i];
            lock (shard.Gate)
            {
                entry.IsStored = true;
                if (ReferenceEquals(entry.Record, _rows[i].Record))
                {
                    entry.IsDirty = false;
                }
                else
                {
                    shard.Dirty.Add(entry);
                }
            }
        }

        _entries.Clear();
        _rows.Clear();
        _bytes = 0;
    }
}
