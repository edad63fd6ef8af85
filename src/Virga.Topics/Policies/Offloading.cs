using Virga.Topics.Logs;

namespace Virga.Topics.Policies;

/// <summary>Which ledgers of a topic are handed on to the colder store. Pure.</summary>
internal static class Offloading
{
    /// <summary>The closed ledgers that are old enough, and the oldest of the others while more bytes are in the store of ledgers than may be.</summary>
    /// <param name="closed">The closed ledgers, in their order.</param>
    /// <param name="openBytes">The bytes of the open one.</param>
    /// <param name="policies">What is wanted.</param>
    /// <param name="now">Milliseconds since 1970.</param>
    public static IReadOnlyList<LedgerRecord> Due(ReadOnlySpan<LedgerRecord> closed, long openBytes, TopicPolicies policies, long now)
    {
        var (threshold, after) = (policies.OffloadThresholdBytes ?? -1, policies.OffloadAfterSeconds ?? -1);
        if (threshold < 0 && after < 0)
        {
            return [];
        }

        var kept = openBytes;
        foreach (var ledger in closed)
        {
            kept += ledger.OffloadedTo is null ? ledger.Bytes : 0;
        }

        var due = new List<LedgerRecord>();
        foreach (var ledger in closed)
        {
            var isOld = after >= 0 && now - ledger.ClosedAt >= after * 1000;
            if (!ledger.IsOpen && ledger.OffloadedTo is null && (isOld || (threshold >= 0 && kept > threshold)))
            {
                due.Add(ledger);
                kept -= ledger.Bytes;
            }
        }

        return due;
    }
}
