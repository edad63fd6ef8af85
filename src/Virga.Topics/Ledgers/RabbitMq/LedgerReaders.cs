namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>The ledger that is read, with the consumers that go through it.</summary>
/// <param name="end">Where it ends; null where its writer says how far it is read.</param>
internal sealed class LedgerReaders(LedgerEnd? end, Func<OffsetMap, LedgerCursor> open) : IAsyncDisposable
{
    // Subscriptions that are far apart each have one; with more of them they move each other's.
    private const int MaxCursors = 4;

    private readonly OffsetMap _offsets = new();

    // Guards the list.
    private readonly Lock _cursors = new();
    private readonly List<LedgerCursor> _open = [];
    private bool _isClosed;

    public LedgerEnd? End => end;

    /// <summary>The cursor that is at an entry, or one to be moved there; null when this was closed.</summary>
    public LedgerCursor? For(long entry)
    {
        lock (_cursors)
        {
            if (_isClosed)
            {
                return null;
            }

            LedgerCursor? oldest = null;
            foreach (var cursor in _open)
            {
                if (cursor.Covers(entry))
                {
                    return cursor;
                }

                oldest = oldest is null || cursor.UsedAt < oldest.UsedAt ? cursor : oldest;
            }

            if (_open.Count < MaxCursors)
            {
                oldest = open(_offsets);
                _open.Add(oldest);
            }

            return oldest;
        }
    }

    /// <summary>Closes cursors that nobody has used since a moment, and itself when there are no others.</summary>
    /// <returns>Whether there are others.</returns>
    public async Task<bool> CloseIdleAsync(long since)
    {
        List<LedgerCursor> idle;
        bool hasOthers;
        lock (_cursors)
        {
            idle = _open.FindAll(cursor => cursor.UsedAt < since);
            _open.RemoveAll(idle.Contains);
            hasOthers = _open.Count > 0;
            _isClosed |= !hasOthers;
        }

        foreach (var cursor in idle)
        {
            await cursor.DisposeAsync();
        }

        return hasOthers;
    }

    public async ValueTask DisposeAsync() => await CloseIdleAsync(long.MaxValue);
}
