using Virga.Core.Problems;
using Virga.State.Logs;
using Virga.State.Records;

namespace Virga.State.Caches;

/// <summary>
/// What was written here and is not in the store: logged first, then shown, then queued for the flusher. Records with a causality travel whole, all others as
/// what was added: a vector clock counts everything that the record includes, and a part that came alone would claim what it does not bring.
/// </summary>
internal sealed class DirtyQueue(CacheTable table, IDeltaLog log, TimeProvider time, long mostBytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<CacheEntry> _queue = new();
    private long _bytes;

    /// <summary>Set when there is something to flush.</summary>
    public Signal Signal { get; } = new();

    /// <summary>Bytes that are not stored.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Keys that are not stored, but for those that a flush is storing now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>For how long the oldest write has waited.</summary>
    public TimeSpan OldestAge
    {
        get
        {
            lock (_lock)
            {
                return _queue.TryPeek(out var oldest) ? time.GetElapsedTime(oldest.DirtySince) : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Writes to an entry, which the caller has locked and which shows something.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="delta">What to merge.</param>
    /// <param name="limited">Whether it is refused when too much waits already.</param>
    /// <exception cref="ProblemException"><c>state-overloaded</c>, <c>storage-full</c>: nothing was written.</exception>
    public void Write(CacheEntry entry, StateRecord delta, bool limited)
    {
        var merged = entry.Shown!.Merge(delta);
        if (ReferenceEquals(merged, entry.Shown))
        {
            return;
        }

        if (limited && Bytes > mostBytes)
        {
            throw new ProblemException(KnownProblems.StateOverloaded($"{Bytes >> 20:N0} MiB were written that are not stored yet; {mostBytes >> 20:N0} MiB are allowed."));
        }

        // Queued before it is logged: a flush that begins after a new segment of the log waits for this lock, and so stores all that the older segments hold.
        Enqueue(entry);
        entry.LogPosition = log.Append(entry.Key, merged.Causality is null ? delta : merged);
        AddDirty(entry, delta);
        table.Show(entry, merged);
        Signal.Set();
    }

    /// <summary>What the log still held when the node started.</summary>
    public void Recover(CacheEntry entry, StateRecord delta)
    {
        lock (entry.Lock)
        {
            Enqueue(entry);
            AddDirty(entry, delta);
        }
    }

    /// <summary>The entry that has waited longest; null when none does.</summary>
    public CacheEntry? Dequeue()
    {
        lock (_lock)
        {
            return _queue.TryDequeue(out var entry) ? entry : null;
        }
    }

    /// <summary>Takes what an entry has to store; null when that is nothing. Taken twice in one flush, it gives the newer whole.</summary>
    public StateRecord? Take(CacheEntry entry)
    {
        lock (entry.Lock)
        {
            entry.IsQueued = false;
            if (entry.Dirty is { } dirty)
            {
                var before = dirty.MemoryBytes + (entry.Flushing?.MemoryBytes ?? 0);
                entry.Flushing = entry.Flushing is { } taken ? taken.Merge(dirty) : dirty;
                entry.Dirty = null;
                Interlocked.Add(ref _bytes, entry.Flushing.MemoryBytes - before);
            }

            return entry.Flushing is null ? null : entry.Shown is { Causality: not null } shown ? shown : entry.Flushing;
        }
    }

    /// <summary>What was taken is stored.</summary>
    public void Stored(CacheEntry entry)
    {
        lock (entry.Lock)
        {
            Interlocked.Add(ref _bytes, -(entry.Flushing?.MemoryBytes ?? 0));
            if (entry.Shown is null && entry.Flushing is { } stored)
            {
                // A load that goes on may have asked the store before: it must not show less than this node has written.
                entry.Arrived = entry.Arrived?.Merge(stored) ?? stored;
            }

            entry.Flushing = null;
        }
    }

    /// <summary>What was taken is not stored, as far as is known.</summary>
    public void GiveBack(CacheEntry entry)
    {
        lock (entry.Lock)
        {
            if (entry.Flushing is { } taken)
            {
                var before = taken.MemoryBytes + (entry.Dirty?.MemoryBytes ?? 0);
                entry.Dirty = entry.Dirty is { } dirty ? taken.Merge(dirty) : taken;
                entry.Flushing = null;
                Interlocked.Add(ref _bytes, entry.Dirty.MemoryBytes - before);
                Enqueue(entry);
            }
        }
    }

    private void AddDirty(CacheEntry entry, StateRecord delta)
    {
        var before = entry.Dirty?.MemoryBytes ?? 0;
        entry.Dirty = entry.Dirty is { } dirty ? dirty.Merge(delta) : delta;
        Interlocked.Add(ref _bytes, entry.Dirty.MemoryBytes - before);
    }

    private void Enqueue(CacheEntry entry)
    {
        if (entry.IsQueued)
        {
            return;
        }

        entry.IsQueued = true;
        entry.DirtySince = entry.Dirty is null && entry.Flushing is null ? time.GetTimestamp() : entry.DirtySince;
        lock (_lock)
        {
            _queue.Enqueue(entry);
        }
    }
}
