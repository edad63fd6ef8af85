using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>A key in memory. Read by all without a lock; changed under the lock of its shard.</summary>
internal sealed class StateEntry(StateKey key, StateRecord record)
{
    // Key, entry and their places in the dictionary.
    private const int Overhead = 200;

    private volatile StateRecord _record = record;
    private volatile bool _touched = true;

    public StateKey Key { get; } = key;

    public StateRecord Record
    {
        get => _record;
        set => _record = value;
    }

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public long Bytes { get; set; }

    /// <summary>Whether the database has an older record, or none.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Whether the database has a record of the key.</summary>
    public bool IsStored { get; set; }

    /// <summary>When the key is to be looked at again, because it expires or its deletion may be forgotten; Unix milliseconds, 0 for never.</summary>
    public long DueAt { get; set; }

    /// <summary>Whether it was used since the clock's hand last came by.</summary>
    public bool IsTouched => _touched;

    /// <summary>It is used. Written only where that changes something: the line stays in the caches of all processors.</summary>
    public void Touch()
    {
        if (!_touched)
        {
            _touched = true;
        }
    }

    public void ClearTouched() => _touched = false;

    public static long BytesOf(StateKey key, StateRecord record) => Overhead + (key.Text.Length * 2) + record.MemoryBytes;
}
