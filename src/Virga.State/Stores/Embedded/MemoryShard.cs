using Virga.State.Keys;

namespace Virga.State.Stores.Embedded;

/// <summary>A part of the keys, and the lock under which they change.</summary>
internal sealed class MemoryShard
{
    private long _evictions;
    private long _bytes;

    /// <summary>Held for as long as one write takes in memory; never across the disk.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The keys. Changed under the lock alone.</summary>
    public EntryTable Entries { get; } = new();

    /// <summary>Entries that changed since the last checkpoint began.</summary>
    public List<StateEntry> Dirty { get; private set; } = [];

    /// <summary>Entries that a checkpoint is writing.</summary>
    public List<StateEntry> Flushing { get; private set; } = [];

    /// <summary>Keys by the time at which they are to be looked at.</summary>
    public PriorityQueue<StateKey, long> Due { get; } = new();

    /// <summary>How often a key left memory: who has looked elsewhere for a key knows by it whether to look again.</summary>
    public long Evictions => Volatile.Read(ref _evictions);

    /// <summary>Memory that the entries occupy, in bytes, roughly.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public void CountEviction() => Volatile.Write(ref _evictions, _evictions + 1);

    public void Grow(long bytes) => Volatile.Write(ref _bytes, _bytes + bytes);

    /// <summary>Begins a checkpoint: what is dirty now is being written.</summary>
    public void BeginFlush() => (Dirty, Flushing) = (Flushing, Dirty);

    public void EndFlush() => Flushing.Clear();
}
