namespace Virga.Topics.Logs;

/// <summary>
/// Bounds the memory that the newest entries of all topics of a node take. What was begun first goes first, by chunks: a topic that is published to all the time cannot keep more than
/// its share of the newest, and an idle one keeps nothing in the end.
/// </summary>
internal sealed class TailCache(long maxBytes)
{
    // Guards the list of chunks. Taken before a topic's lock, never within it.
    private readonly Lock _lock = new();
    private TailChunk? _first;
    private TailChunk? _last;
    private long _bytes;

    /// <summary>The memory that is taken.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Counts what was read from memory and what was fetched.</summary>
    public TailFigures Figures { get; } = new();

    /// <summary>An entry was added, perhaps with a chunk that it begins.</summary>
    public void Grew(int bytes, TailChunk? begun)
    {
        var total = Interlocked.Add(ref _bytes, bytes);
        if (begun is null && total <= maxBytes)
        {
            return;
        }

        lock (_lock)
        {
            if (begun is { IsGone: false })
            {
                begun.Previous = _last;
                if (_last is { } last)
                {
                    last.Next = begun;
                }
                else
                {
                    _first = begun;
                }

                _last = begun;
            }

            while (_bytes > maxBytes && _first is { } oldest)
            {
                Unlink(oldest);
                Interlocked.Add(ref _bytes, -oldest.Tail.Drop(oldest));
            }
        }
    }

    /// <summary>Takes a topic's entries away.</summary>
    public void Forget(TopicTail tail)
    {
        lock (_lock)
        {
            foreach (var chunk in tail.TakeAll())
            {
                Unlink(chunk);
                Interlocked.Add(ref _bytes, -chunk.Bytes);
            }
        }
    }

    private void Unlink(TailChunk chunk)
    {
        if (chunk.Previous is { } previous)
        {
            previous.Next = chunk.Next;
        }
        else if (_first == chunk)
        {
            _first = chunk.Next;
        }

        if (chunk.Next is { } next)
        {
            next.Previous = chunk.Previous;
        }
        else if (_last == chunk)
        {
            _last = chunk.Previous;
        }

        (chunk.Previous, chunk.Next) = (null, null);
    }
}
