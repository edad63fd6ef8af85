using System.Diagnostics.CodeAnalysis;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>All ledgers by their numbers.</summary>
internal sealed class LedgerTable
{
    private readonly Lock _looking = new();
    private readonly Dictionary<long, SegmentLedger> _ledgers = [];

    public bool TryGet(long id, [NotNullWhen(true)] out SegmentLedger? ledger)
    {
        lock (_looking)
        {
            return _ledgers.TryGetValue(id, out ledger);
        }
    }

    public bool TryAdd(SegmentLedger ledger)
    {
        lock (_looking)
        {
            return _ledgers.TryAdd(ledger.Id, ledger);
        }
    }

    public bool Remove(long id)
    {
        lock (_looking)
        {
            return _ledgers.Remove(id);
        }
    }

    public SegmentLedger[] ToArray()
    {
        lock (_looking)
        {
            return [.. _ledgers.Values];
        }
    }
}
