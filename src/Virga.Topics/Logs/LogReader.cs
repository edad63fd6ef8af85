using Virga.Topics.Ledgers;
using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>Reads a log: from memory what is new, from the store of ledgers what is not.</summary>
internal sealed class LogReader(TopicLog log, LogServices services, TopicTail tail)
{
    // One spare list for what the store gives: more than one reader at a time make their own.
    private List<LedgerEntry>? _spare;

    public bool TryRead(Position from, int maxEntries, int maxBytes, List<LogEntry> into)
    {
        var chain = log.Chain;
        var first = chain.AtOrAfter(from);
        if (first > chain.Last)
        {
            return true;
        }

        var before = into.Count;
        if (!tail.TryRead(first, maxEntries, maxBytes, into))
        {
            return false;
        }

        services.Tails.Figures.Hit(into.Count - before);
        return true;
    }

    public async ValueTask<int> ReadAsync(Position from, int maxEntries, int maxBytes, List<LogEntry> into, CancellationToken cancellation)
    {
        while (true)
        {
            var chain = log.Chain;
            var first = chain.AtOrAfter(from);
            var last = chain.Last;
            var before = into.Count;
            if (first > last || maxEntries <= 0)
            {
                return 0;
            }

            if (tail.TryRead(first, maxEntries, maxBytes, into))
            {
                services.Tails.Figures.Hit(into.Count - before);
                return into.Count - before;
            }

            var lastEntry = chain.Find(first.Ledger) is { } closed ? closed.Entries - 1 : last.Entry;
            var entries = Interlocked.Exchange(ref _spare, null) ?? [];
            try
            {
                var count = (int)Math.Min(maxEntries, lastEntry - first.Entry + 1);
                await services.Ledgers.ReadAsync(new LedgerId(first.Ledger), first.Entry, count, maxBytes, entries, cancellation);
                foreach (var entry in entries)
                {
                    into.Add(new LogEntry(new Position(first.Ledger, entry.Id), entry.Data));
                }
            }
            catch (LedgerNotFoundException) when (IsGone(first.Ledger))
            {
                // Trimmed meanwhile.
                continue;
            }
            finally
            {
                entries.Clear();
                Volatile.Write(ref _spare, entries);
            }

            if (into.Count == before)
            {
                throw new LedgerStoreException($"The ledger {first.Ledger} of '{log.Name}' ends before its entry {first.Entry}, which was confirmed. Look for what was removed from the store's folder.");
            }

            services.Tails.Figures.Miss(into.Count - before);
            return into.Count - before;
        }
    }

    // Times need not grow, and then there is no one answer: this one is where a binary search ends.
    public async ValueTask<Position> FindAsync(DateTimeOffset time, CancellationToken cancellation)
    {
        var chain = log.Chain;
        var wanted = time.ToUnixTimeMilliseconds();
        var read = new List<LogEntry>(1);
        long low = 0, high = chain.Entries;
        while (low < high)
        {
            var middle = low + ((high - low) >>> 1);
            read.Clear();
            await ReadAsync(chain.At(middle), 1, 1, read, cancellation);
            if (read.Count > 0 && MessageCodec.TryReadHeader(read[0].Data, out var header) && header.PublishedAt < wanted)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return chain.At(low);
    }

    private bool IsGone(long ledger)
    {
        var chain = log.Chain;
        return chain.Find(ledger) is null && chain.Open?.Id != ledger;
    }
}
