namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// The newest confirmed entries of a ledger that is being written: who reads what was just confirmed is served from here, without asking RabbitMQ. Little, since topics have a cache of their own.
/// Guarded by its owner.
/// </summary>
internal sealed class LedgerTail
{
    private const long MaxBytes = 64 << 10;

    private readonly Queue<ReadOnlyMemory<byte>> _entries = new();
    private long _first;
    private long _bytes;

    public void Add(ReadOnlyMemory<byte> data)
    {
        _entries.Enqueue(data);
        _bytes += data.Length;
        while (_bytes > MaxBytes && _entries.Count > 1)
        {
            _bytes -= _entries.Dequeue().Length;
            _first++;
        }
    }

    /// <summary>Reads entries from one on; -1 when it is not here any more.</summary>
    public int Read(long first, int maxEntries, int maxBytes, List<LedgerEntry> into)
    {
        if (first < _first)
        {
            return -1;
        }

        var count = 0;
        long bytes = 0;
        var id = _first;
        foreach (var data in _entries)
        {
            if (id >= first)
            {
                if (count == maxEntries || (count > 0 && bytes >= maxBytes))
                {
                    break;
                }

                into.Add(new LedgerEntry(id, data));
                bytes += data.Length;
                count++;
            }

            id++;
        }

        return count;
    }
}
