namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// Batches whose memory is used again; of the log's thread. With interval durability a batch may hold one entry, and all that are written within an interval wait for the disk: thousands of small ones,
/// or a few large ones. Each large one that is made anew brings a collection of all garbage nearer, which looks at every entry that the topics have in memory.
/// </summary>
internal sealed class IdleBatches
{
    private const int MaxCount = 1024;

    // All that may wait for the disk, and what is written meanwhile.
    private const long MaxBytes = 96 << 20;
    private const int SmallBytes = 64 << 10;

    private readonly Stack<LedgerBatch> _batches = [];
    private long _bytes;

    /// <summary>An empty batch.</summary>
    public LedgerBatch Take()
    {
        if (!_batches.TryPop(out var batch))
        {
            return new LedgerBatch();
        }

        _bytes -= batch.Capacity;
        return batch;
    }

    /// <summary>The log is quiet: gives the large ones up.</summary>
    public void Trim()
    {
        if (_bytes <= SmallBytes * MaxCount / 8)
        {
            return;
        }

        var small = new List<LedgerBatch>();
        while (_batches.TryPop(out var batch))
        {
            if (batch.Capacity <= SmallBytes)
            {
                small.Add(batch);
            }
        }

        _bytes = 0;
        small.ForEach(Return);
    }

    /// <summary>A batch is done with.</summary>
    public void Return(LedgerBatch batch)
    {
        batch.Clear();
        if (_batches.Count < MaxCount && _bytes + batch.Capacity <= MaxBytes)
        {
            _batches.Push(batch);
            _bytes += batch.Capacity;
        }
    }
}
