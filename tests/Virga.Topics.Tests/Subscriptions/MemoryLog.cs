using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>A topic's log in memory: a chain of ledgers of which the last grows. Entries before a position have to be fetched, which takes a turn of the world.</summary>
internal sealed class MemoryLog : ITopicLog
{
    private readonly List<(long Ledger, List<byte[]> Entries)> _ledgers = [];
    private readonly Lock _gate = new();
    private long _nextLedger = 3;

    /// <summary>Entries before this one are not in memory.</summary>
    public Position Cached { get; set; } = Position.Earliest;

    /// <summary>How a fetch waits; null for not at all.</summary>
    public Func<Task>? Fetching { get; set; }

    /// <summary>What a fetch throws; null for nothing.</summary>
    public Func<Exception?>? Failing { get; set; }

    /// <summary>Which entries are left out when they are read; null for none.</summary>
    public Func<Position, bool>? Hides { get; set; }

    public long Fetches { get; private set; }

    public long Entries { get; private set; }

    public Position First
    {
        get
        {
            lock (_gate)
            {
                foreach (var (ledger, entries) in _ledgers)
                {
                    if (entries.Count > 0)
                    {
                        return new Position(ledger, 0);
                    }
                }

                return After(Last);
            }
        }
    }

    public Position Last
    {
        get
        {
            lock (_gate)
            {
                for (var i = _ledgers.Count - 1; i >= 0; i--)
                {
                    if (_ledgers[i].Entries.Count > 0)
                    {
                        return new Position(_ledgers[i].Ledger, _ledgers[i].Entries.Count - 1);
                    }
                }

                return new Position(-1, -1);
            }
        }
    }

    public Position Append(byte[] entry)
    {
        lock (_gate)
        {
            if (_ledgers.Count == 0)
            {
                Roll();
            }

            _ledgers[^1].Entries.Add(entry);
            Entries++;
            return new Position(_ledgers[^1].Ledger, _ledgers[^1].Entries.Count - 1);
        }
    }

    /// <summary>Begins another ledger; numbers are not without gaps.</summary>
    public void Roll()
    {
        lock (_gate)
        {
            _nextLedger += 2;
            _ledgers.Add((_nextLedger, []));
        }
    }

    /// <summary>Forgets whole ledgers that end at a position or before it.</summary>
    public void Trim(Position through)
    {
        lock (_gate)
        {
            while (_ledgers.Count > 1 && new Position(_ledgers[0].Ledger, _ledgers[0].Entries.Count - 1) <= through)
            {
                _ledgers.RemoveAt(0);
            }
        }
    }

    public Position After(Position position)
    {
        lock (_gate)
        {
            for (var i = 0; i < _ledgers.Count; i++)
            {
                var (ledger, entries) = _ledgers[i];
                if (ledger == position.Ledger && (position.Entry + 1 < entries.Count || i == _ledgers.Count - 1))
                {
                    return new Position(ledger, Math.Max(position.Entry, -1) + 1);
                }

                if (ledger > position.Ledger)
                {
                    return new Position(ledger, 0);
                }
            }

            return position with { Entry = position.Entry + 1 };
        }
    }

    public Position Before(Position position)
    {
        lock (_gate)
        {
            for (var i = _ledgers.Count - 1; i >= 0; i--)
            {
                var (ledger, entries) = _ledgers[i];
                var last = ledger == position.Ledger ? Math.Min(position.Entry, entries.Count) - 1 : entries.Count - 1;
                if (ledger <= position.Ledger && last >= 0)
                {
                    return new Position(ledger, last);
                }
            }

            return new Position(_ledgers.Count > 0 ? _ledgers[0].Ledger : -1, -1);
        }
    }

    public long Count(Position after, Position upTo)
    {
        lock (_gate)
        {
            return Math.Max(0, Rank(upTo) - Rank(after));
        }
    }

    public bool TryRead(Position from, int maxEntries, int maxBytes, List<LogEntry> into)
    {
        lock (_gate)
        {
            if (AtOrAfter(from) < Cached)
            {
                return false;
            }

            return Read(from, maxEntries, maxBytes, into) > 0;
        }
    }

    public async ValueTask<int> ReadAsync(Position from, int maxEntries, int maxBytes, List<LogEntry> into, CancellationToken cancellation)
    {
        Fetches++;
        if (Fetching is { } fetching)
        {
            await fetching();
        }

        cancellation.ThrowIfCancellationRequested();
        if (Failing?.Invoke() is { } failure)
        {
            throw failure;
        }

        lock (_gate)
        {
            return Read(from, maxEntries, maxBytes, into);
        }
    }

    public ValueTask<Position> FindAsync(DateTimeOffset time, CancellationToken cancellation)
    {
        lock (_gate)
        {
            foreach (var (ledger, entries) in _ledgers)
            {
                for (var i = 0; i < entries.Count; i++)
                {
                    if (MessageCodec.TryReadHeader(entries[i], out var header) && header.PublishedAt >= time.ToUnixTimeMilliseconds())
                    {
                        return ValueTask.FromResult(new Position(ledger, i));
                    }
                }
            }

            return ValueTask.FromResult(After(Last));
        }
    }

    private Position AtOrAfter(Position position) => After(position with { Entry = position.Entry - 1 });

    private long Rank(Position position)
    {
        long rank = 0;
        foreach (var (ledger, entries) in _ledgers)
        {
            rank += ledger < position.Ledger ? entries.Count : ledger == position.Ledger ? Math.Clamp(position.Entry + 1, 0, entries.Count) : 0;
        }

        return rank;
    }

    private int Read(Position from, int maxEntries, int maxBytes, List<LogEntry> into)
    {
        int count = 0, bytes = 0;
        foreach (var (ledger, entries) in _ledgers)
        {
            if (ledger < from.Ledger)
            {
                continue;
            }

            for (var i = ledger == from.Ledger ? Math.Max(0, from.Entry) : 0; i < entries.Count; i++)
            {
                if (count >= maxEntries || (count > 0 && bytes >= maxBytes))
                {
                    return count;
                }

                if (Hides?.Invoke(new Position(ledger, i)) == true)
                {
                    continue;
                }

                into.Add(new LogEntry(new Position(ledger, i), entries[(int)i]));
                bytes += entries[(int)i].Length;
                count++;
            }
        }

        return count;
    }
}
