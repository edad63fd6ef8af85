using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>The ledgers of a topic in their order, and the arithmetic of positions in them. Immutable, but for the open ledger's growth; replaced as a whole when a ledger comes or goes.</summary>
internal sealed class LedgerChain
{
    private readonly LedgerRecord[] _closed;

    // Entries before each closed ledger, and before the open one at the end.
    private readonly long[] _before;

    public LedgerChain(IReadOnlyList<LedgerRecord> closed, OpenLedger? open, Position floor)
    {
        _closed = [.. closed];
        _before = new long[_closed.Length + 1];
        for (var i = 0; i < _closed.Length; i++)
        {
            _before[i + 1] = _before[i] + _closed[i].Entries;
            ClosedBytes += _closed[i].Bytes;
        }

        Open = open;
        Floor = floor;
        LastClosed = _closed.Length > 0 ? LastOf(_closed[^1]) : floor;
    }

    /// <summary>The closed ledgers, none of them empty.</summary>
    public ReadOnlySpan<LedgerRecord> Closed => _closed;

    /// <summary>The ledger that is written to; null when there is none yet.</summary>
    public OpenLedger? Open { get; }

    /// <summary>Everything up to here is gone.</summary>
    public Position Floor { get; }

    /// <summary>The last entry before the open ledger.</summary>
    public Position LastClosed { get; }

    /// <summary>The bytes of the closed ledgers.</summary>
    public long ClosedBytes { get; }

    /// <summary>The bytes of all entries.</summary>
    public long Bytes => ClosedBytes + (Open?.Bytes ?? 0);

    /// <summary>How many entries there are.</summary>
    public long Entries => _before[^1] + (Open is { } open ? open.Confirmed + 1 : 0);

    public Position First => _closed.Length > 0 ? new Position(_closed[0].Id, 0) : Open is { } open ? new Position(open.Id, 0) : Behind(Floor);

    public Position Last => Open is { } open && open.Confirmed is >= 0 and var entry ? new Position(open.Id, entry) : LastClosed;

    /// <summary>The last entry of a closed ledger.</summary>
    public static Position LastOf(LedgerRecord ledger) => new(ledger.Id, ledger.Entries - 1);

    /// <summary>A closed ledger by its number; null when it is open or gone.</summary>
    public LedgerRecord? Find(long ledger) => IndexOf(ledger) is >= 0 and var index ? _closed[index] : null;

    /// <inheritdoc cref="ITopicLog.After"/>
    public Position After(Position position)
    {
        if (Open is { } open && position.Ledger >= open.Id)
        {
            return position.Ledger == open.Id ? new Position(open.Id, Math.Max(position.Entry, -1) + 1) : new Position(open.Id, open.Confirmed + 1);
        }

        var index = IndexOf(position.Ledger);
        if (index >= 0 && position.Entry + 1 < _closed[index].Entries)
        {
            return new Position(position.Ledger, Math.Max(position.Entry + 1, 0));
        }

        // The beginning of the next ledger; the place of the next entry when there is none.
        var next = index >= 0 ? index + 1 : ~index;
        return next < _closed.Length ? new Position(_closed[next].Id, 0)
            : Open is not null ? new Position(Open.Id, 0)
            : Behind(LastClosed);
    }

    /// <summary>The position itself where an entry is or will be there, else the next such place.</summary>
    public Position AtOrAfter(Position position) => After(new Position(position.Ledger, Math.Max(position.Entry, 0) - 1));

    /// <inheritdoc cref="ITopicLog.Before"/>
    public Position Before(Position position)
    {
        var rank = Rank(new Position(position.Ledger, position.Entry - 1));
        return rank > 0 ? At(rank - 1)
            : position > First ? Last
            : new Position(position.Ledger, Math.Max(position.Entry, 0) - 1);
    }

    /// <inheritdoc cref="ITopicLog.Count"/>
    public long Count(Position after, Position upTo) => Math.Max(Rank(upTo) - Rank(after), 0);

    /// <summary>The bytes of the entries behind a position; within its ledger by their mean size.</summary>
    public long BytesBehind(Position position)
    {
        if (Open is { } open && position.Ledger >= open.Id)
        {
            var confirmed = open.Confirmed + 1;
            var behind = position.Ledger == open.Id ? confirmed - Math.Clamp(position.Entry + 1, 0, confirmed) : 0;
            return confirmed == 0 ? 0 : (long)((double)open.Bytes * behind / confirmed);
        }

        var index = IndexOf(position.Ledger);
        var bytes = Open?.Bytes ?? 0;
        for (var i = index >= 0 ? index + 1 : ~index; i < _closed.Length; i++)
        {
            bytes += _closed[i].Bytes;
        }

        if (index >= 0)
        {
            var ledger = _closed[index];
            bytes += (long)((double)ledger.Bytes * (ledger.Entries - Math.Clamp(position.Entry + 1, 0, ledger.Entries)) / ledger.Entries);
        }

        return bytes;
    }

    /// <summary>How many entries are at a position or before it.</summary>
    public long Rank(Position position)
    {
        if (Open is { } open && position.Ledger >= open.Id)
        {
            return _before[^1] + (position.Ledger == open.Id ? Math.Clamp(position.Entry, -1, open.Confirmed) : open.Confirmed) + 1;
        }

        var index = IndexOf(position.Ledger);
        return index >= 0 ? _before[index] + Math.Clamp(position.Entry, -1, _closed[index].Entries - 1) + 1 : _before[~index];
    }

    /// <summary>The position of an entry by its number, from 0; the place of the next one behind the last.</summary>
    public Position At(long number)
    {
        if (number >= _before[^1])
        {
            return Open is { } open ? new Position(open.Id, number - _before[^1]) : Behind(LastClosed);
        }

        var index = Array.BinarySearch(_before, number);
        index = index >= 0 ? index : ~index - 1;
        return new Position(_closed[index].Id, number - _before[index]);
    }

    private static Position Behind(Position position) => position with { Entry = position.Entry + 1 };

    private int IndexOf(long ledger)
    {
        int low = 0, high = _closed.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var id = _closed[middle].Id;
            if (id == ledger)
            {
                return middle;
            }

            (low, high) = id < ledger ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
