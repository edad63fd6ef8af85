namespace Virga.Topics.Logs;

/// <summary>The ledger at the end of a topic, which grows.</summary>
internal sealed class OpenLedger(TopicLog log, long id, long openedAt, TopicLogOptions limits)
{
    private long _confirmed = -1;
    private long _bytes;
    private long _appendedEntries;
    private long _appendedBytes;
    private long _maxEntries = limits.MaxLedgerEntries;
    private long _maxBytes = limits.MaxLedgerBytes;

    public TopicLog Log { get; } = log;

    public long Id { get; } = id;

    /// <summary>When it was begun, in milliseconds since 1970.</summary>
    public long OpenedAt { get; } = openedAt;

    /// <summary>The last entry that can be read; -1 before the first. Set by one thread at a time, in the order of the entries.</summary>
    public long Confirmed => Volatile.Read(ref _confirmed);

    /// <summary>The bytes of the entries that are confirmed.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether the next ledger is due; under the lock of the log's appends, as all that follows.</summary>
    public bool IsFull => _appendedBytes >= _maxBytes || _appendedEntries >= _maxEntries;

    /// <summary>An entry was handed to the writer.</summary>
    public void Appended(int bytes)
    {
        _appendedEntries++;
        _appendedBytes += bytes;
    }

    /// <summary>The next ledger could not be begun: this one takes some more before that is tried again.</summary>
    public void Extend()
    {
        _maxBytes = _appendedBytes + (limits.MaxLedgerBytes / 16) + 1;
        _maxEntries = _appendedEntries + (limits.MaxLedgerEntries / 16) + 1;
    }

    public void Confirm(long entry, int bytes)
    {
        Volatile.Write(ref _bytes, _bytes + bytes);
        Volatile.Write(ref _confirmed, entry);
    }
}
