namespace Virga.Topics.Ledgers.Cold;

/// <summary>A read under way: what it still wants.</summary>
internal sealed class ColdRead(long first, int maxEntries, int maxBytes, List<LedgerEntry> into)
{
    private long _bytes;

    /// <summary>The entry that comes next.</summary>
    public long Next { get; private set; } = first;

    /// <summary>How many were added.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes that it may still take, one entry at least.</summary>
    public long WantedBytes => Math.Max(1, maxBytes - _bytes);

    /// <summary>Takes an entry, if it wants one more.</summary>
    public bool TryAdd(LedgerEntry entry)
    {
        if (Count == maxEntries || (Count > 0 && _bytes >= maxBytes))
        {
            return false;
        }

        into.Add(entry);
        _bytes += entry.Data.Length;
        Count++;
        Next++;
        return true;
    }
}
