namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// Batches whose memory is used again; of the log's thread. With interval durability a batch may hold one entry, and all that are written within an interval wait for the disk: thousands of small ones,
/// or a few large ones.
/// </summary>
internal sealed class IdleBatches
{
    private const int MaxCount = 1024;
    private const long MaxBytes = 32 << 20;

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
