namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// The appends that are not confirmed, in their order, linked by <see cref="LedgerAppend.Next"/>: those that were sent on the present channel, then those that were not.
/// Guarded by its owner.
/// </summary>
internal sealed class PendingAppends
{
    private LedgerAppend? _head;
    private LedgerAppend? _tail;
    private LedgerAppend? _unsent;
    private long _nextEntry;
    private long _sentBytes;

    /// <summary>The last entry that was confirmed.</summary>
    public long LastConfirmed { get; private set; } = -1;

    /// <summary>The bytes of all entries that were confirmed.</summary>
    public long ConfirmedBytes { get; private set; }

    /// <summary>The bytes that wait.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => _head is null;

    public void Add(LedgerAppend append)
    {
        append.EntryId = _nextEntry++;
        append.Next = null;
        if (_tail is null)
        {
            _head = append;
        }
        else
        {
            _tail.Next = append;
        }

        _tail = append;
        _unsent ??= append;
        Bytes += append.Data.Length;
    }

    /// <summary>The next one to send; null when there is none.</summary>
    /// <param name="totalBytes">The bytes of all entries up to it.</param>
    public LedgerAppend? TakeUnsent(out long totalBytes)
    {
        var append = _unsent;
        _unsent = append?.Next;
        _sentBytes += append?.Data.Length ?? 0;
        totalBytes = _sentBytes;
        return append;
    }

    /// <summary>Everything is to be sent again.</summary>
    public void Rewind()
    {
        _unsent = _head;
        _sentBytes = ConfirmedBytes;
    }

    /// <summary>The first one is confirmed.</summary>
    public LedgerAppend Confirm()
    {
        var append = _head!;
        if (ReferenceEquals(append, _unsent))
        {
            // What an earlier channel has sent arrived after all.
            _unsent = append.Next;
            _sentBytes += append.Data.Length;
        }

        Remove(append);
        LastConfirmed = append.EntryId;
        ConfirmedBytes += append.Data.Length;
        return append;
    }

    /// <summary>The first one, which has failed; null when there is none left.</summary>
    public LedgerAppend? Abandon()
    {
        _unsent = null;
        if (_head is { } append)
        {
            Remove(append);
            return append;
        }

        return null;
    }

    private void Remove(LedgerAppend append)
    {
        _head = append.Next;
        _tail = _head is null ? null : _tail;
        append.Next = null;
        Bytes -= append.Data.Length;
    }
}
