using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>The newest entries of one topic in memory, without a gap up to its last one. Chunks are added behind, by one thread at a time, and taken away in front.</summary>
internal sealed class TopicTail(TailCache cache)
{
    // Guards all fields and the chunks' content; held for copying references only.
    private readonly Lock _lock = new();
    private TailChunk[] _ring = [];
    private int _head;
    private int _count;

    /// <summary>Adds the entry behind the last.</summary>
    public void Add(Position position, ReadOnlyMemory<byte> data)
    {
        TailChunk? begun = null;
        int grown;
        lock (_lock)
        {
            var chunk = _count > 0 ? ChunkAt(_count - 1) : null;
            if (chunk is null || chunk.IsFull || chunk.End != position)
            {
                chunk = begun = new TailChunk(this, position);
                Push(chunk);
            }

            grown = chunk.Add(data);
        }

        cache.Grew(grown, begun);
    }

    /// <summary>Copies entries from a place where one is, or will be next; false when that one is not in memory.</summary>
    public bool TryRead(Position from, int maxEntries, int maxBytes, List<LogEntry> into)
    {
        lock (_lock)
        {
            var index = Find(from);
            if (index < 0)
            {
                return false;
            }

            var taken = 0;
            var bytes = 0L;
            for (; index < _count; index++)
            {
                var chunk = ChunkAt(index);
                var first = chunk.First.Ledger == from.Ledger ? Math.Max(from.Entry - chunk.First.Entry, 0) : 0;
                for (var i = (int)first; i < chunk.Count; i++)
                {
                    if (taken == maxEntries || (taken > 0 && bytes >= maxBytes))
                    {
                        return true;
                    }

                    var data = chunk[i];
                    into.Add(new LogEntry(new Position(chunk.First.Ledger, chunk.First.Entry + i), data));
                    bytes += data.Length;
                    taken++;
                }
            }

            return taken > 0;
        }
    }

    /// <summary>Takes the oldest chunk away; called by the cache, under its lock. Gives the memory that it took.</summary>
    public int Drop(TailChunk oldest)
    {
        lock (_lock)
        {
            if (oldest.IsGone)
            {
                return 0;
            }

            oldest.IsGone = true;
            _ring[_head] = null!;
            _head = (_head + 1) % _ring.Length;
            _count--;
            return oldest.Bytes;
        }
    }

    /// <summary>Takes all away: the topic is closed.</summary>
    public void Clear() => cache.Forget(this);

    /// <summary>Takes all chunks away, for <see cref="TailCache.Forget"/>.</summary>
    public TailChunk[] TakeAll()
    {
        lock (_lock)
        {
            var all = new TailChunk[_count];
            for (var i = 0; i < _count; i++)
            {
                all[i] = ChunkAt(i);
                all[i].IsGone = true;
            }

            (_ring, _head, _count) = ([], 0, 0);
            return all;
        }
    }

    private TailChunk ChunkAt(int index) => _ring[(_head + index) % _ring.Length];

    private void Push(TailChunk chunk)
    {
        if (_count == _ring.Length)
        {
            var larger = new TailChunk[Math.Max(_count * 2, 2)];
            for (var i = 0; i < _count; i++)
            {
                larger[i] = ChunkAt(i);
            }

            (_ring, _head) = (larger, 0);
        }

        _ring[(_head + _count++) % _ring.Length] = chunk;
    }

    // The last chunk that begins at or before the place; -1 when all begin behind it.
    private int Find(Position from)
    {
        int low = 0, high = _count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (ChunkAt(middle).First <= from)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }
}
