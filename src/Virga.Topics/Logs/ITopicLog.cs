using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>
/// What subscriptions see of a topic's chain of ledgers: confirmed entries, in order. A seam, so that dispatch runs under deterministic simulation too. Safe for many threads.
/// </summary>
public interface ITopicLog
{
    /// <summary>The first entry that is still kept; where the next one will be when there is none.</summary>
    Position First { get; }

    /// <summary>The last entry that is confirmed; a position before <see cref="First"/> when there is none.</summary>
    Position Last { get; }

    /// <summary>The next place behind a position where an entry is or will be: the same ledger's next, or the beginning of the ledger behind it.</summary>
    Position After(Position position);

    /// <summary>The place before a position: the last entry that is not behind it and not it.</summary>
    Position Before(Position position);

    /// <summary>How many entries lie in (after, upTo].</summary>
    long Count(Position after, Position upTo);

    /// <summary>Reads what is in memory: entries in their order, the first of them at <paramref name="from"/> or the next one behind it. False when that one has to be fetched.</summary>
    bool TryRead(Position from, int maxEntries, int maxBytes, List<LogEntry> into);

    /// <summary>Reads entries in their order, beginning at or behind a position; at least one where there is one; nothing behind <see cref="Last"/>.</summary>
    /// <exception cref="Ledgers.LedgerStoreException">They cannot be read now, or are damaged.</exception>
    ValueTask<int> ReadAsync(Position from, int maxEntries, int maxBytes, List<LogEntry> into, CancellationToken cancellation);

    /// <summary>The first entry published at a time or later; behind <see cref="Last"/> when there is none. By the times that producers wrote, which need not grow.</summary>
    ValueTask<Position> FindAsync(DateTimeOffset time, CancellationToken cancellation);
}
