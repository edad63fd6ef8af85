using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Compaction;

/// <summary>
/// A topic as who reads it compacted sees it: up to the horizon the last message of each key, which is in a ledger of its own at the positions where it was published; behind it the topic itself.
/// </summary>
internal sealed class CompactedLog(TopicLog log, ILedgerStore ledgers) : ITopicLog
{
    // Where a reader that goes on is: the place in the compacted ledger behind the entry it had last.
    private Place? _last;

    public Position First => Compacted is { } compacted ? compacted.First : log.First;

    public Position Last => log.Last is var last && Compacted is { } compacted && last <= compacted.Horizon ? compacted.Last : last;

    private CompactionRecord? Compacted => log.Record.Compaction is { Entries: > 0 } compacted ? compacted : null;

    // Up to here the compacted ledger has everything; also where nothing was left.
    private Position Horizon => log.Record.Compaction?.Horizon ?? Position.Earliest;

    public Position After(Position position) =>
        Compacted is { } compacted && position < compacted.Last ? position with { Entry = position.Entry + 1 } : log.After(position < Horizon ? Horizon : position);

    public Position Before(Position position) =>
        Compacted is { } compacted && position <= compacted.Horizon ? position with { Entry = position.Entry - 1 } : log.Before(position);

    public long Count(Position after, Position upTo) => log.Count(after, upTo);

    public bool TryRead(Position from, int maxEntries, int maxBytes, List<LogEntry> into) => (Compacted is null || from > Horizon) && log.TryRead(from < Horizon ? log.After(Horizon) : from, maxEntries, maxBytes, into);

    public async ValueTask<int> ReadAsync(Position from, int maxEntries, int maxBytes, List<LogEntry> into, CancellationToken cancellation)
    {
        while (true)
        {
            var compacted = Compacted;
            try
            {
                if (compacted is not null && from <= compacted.Last)
                {
                    var count = await ReadAsync(compacted, from, maxEntries, maxBytes, into, cancellation);
                    if (count > 0)
                    {
                        return count;
                    }
                }

                return await log.ReadAsync(from <= Horizon ? log.After(Horizon) : from, maxEntries, maxBytes, into, cancellation);
            }
            catch (LedgerNotFoundException) when (compacted != Compacted)
            {
                // Compacted anew meanwhile.
            }
        }
    }

    public async ValueTask<Position> FindAsync(DateTimeOffset time, CancellationToken cancellation)
    {
        if (Compacted is not { } compacted)
        {
            return await log.FindAsync(time, cancellation);
        }

        var wanted = time.ToUnixTimeMilliseconds();
        var index = await SearchAsync(compacted, entry => MessageCodec.TryReadHeader(entry.Data, out var header) && header.PublishedAt < wanted, cancellation);
        return index < compacted.Entries ? (await ReadOneAsync(compacted, index, cancellation)).Position : await log.FindAsync(time, cancellation);
    }

    private async ValueTask<int> ReadAsync(CompactionRecord compacted, Position from, int maxEntries, int maxBytes, List<LogEntry> into, CancellationToken cancellation)
    {
        var last = Volatile.Read(ref _last);
        var index = last is not null && last.Ledger == compacted.Ledger && last.After == from
            ? last.Index
            : await SearchAsync(compacted, entry => entry.Position < from, cancellation);
        var entries = new List<LedgerEntry>();
        await ledgers.ReadAsync(new LedgerId(compacted.Ledger), index, maxEntries, maxBytes, entries, cancellation);
        foreach (var entry in entries)
        {
            into.Add(CompactedEntry.Read(entry.Data));
        }

        if (entries.Count > 0)
        {
            Volatile.Write(ref _last, new Place(compacted.Ledger, After(into[^1].Position), index + entries.Count));
        }

        return entries.Count;
    }

    // The first entry of which something does not hold that holds of those before it.
    private async ValueTask<long> SearchAsync(CompactionRecord compacted, Func<LogEntry, bool> isBefore, CancellationToken cancellation)
    {
        long low = 0, high = compacted.Entries;
        while (low < high)
        {
            var middle = low + ((high - low) >>> 1);
            if (isBefore(await ReadOneAsync(compacted, middle, cancellation)))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private async ValueTask<LogEntry> ReadOneAsync(CompactionRecord compacted, long index, CancellationToken cancellation)
    {
        var entries = new List<LedgerEntry>(1);
        await ledgers.ReadAsync(new LedgerId(compacted.Ledger), index, 1, 1, entries, cancellation);
        return entries.Count == 1
            ? CompactedEntry.Read(entries[0].Data)
            : throw new LedgerStoreException($"The compacted ledger {compacted.Ledger} of '{log.Name}' ends before its entry {index}. Compact the topic anew.");
    }

    private sealed record Place(long Ledger, Position After, long Index);
}
