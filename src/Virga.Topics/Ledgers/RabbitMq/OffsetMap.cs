namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// Where in a stream the entries of a ledger are, as far as readers have seen. An entry is never before its own number; what was sent twice, and RabbitMQ's own records, move those
/// behind it further. So the greatest known distance of an earlier entry gives a place that is never behind the one looked for, and seldom before it.
/// </summary>
internal sealed class OffsetMap
{
    // More distances than that come from a stream that was interrupted more often; then some are looked for a little longer.
    private const int MaxPoints = 1000;

    // Guards the list, which is in the order of the entries.
    private readonly Lock _points = new();
    private readonly List<(long Entry, long Distance)> _known = [(0, 0)];

    /// <summary>A place at or before an entry.</summary>
    public long Guess(long entry)
    {
        lock (_points)
        {
            return entry + _known[Find(entry)].Distance;
        }
    }

    /// <summary>An entry was seen at a place.</summary>
    public void Seen(long entry, long offset)
    {
        lock (_points)
        {
            var at = Find(entry);
            if (offset - entry > _known[at].Distance && _known.Count < MaxPoints)
            {
                if (_known[at].Entry == entry)
                {
                    _known[at] = (entry, offset - entry);
                }
                else
                {
                    _known.Insert(at + 1, (entry, offset - entry));
                }
            }
        }
    }

    // The last point at or before an entry.
    private int Find(long entry)
    {
        int low = 0, high = _known.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_known[middle].Entry <= entry)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }
}
