using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Policies;

/// <summary>Which ledgers a topic may give up. Pure.</summary>
internal static class Retention
{
    /// <summary>
    /// The last entry that may go, by whole ledgers from the oldest on: they are acknowledged by everybody, and too old or too many for the retention.
    /// </summary>
    /// <param name="closed">The closed ledgers, in their order.</param>
    /// <param name="openBytes">The bytes of the open one.</param>
    /// <param name="acknowledged">Everybody has acknowledged all up to here.</param>
    /// <param name="limits">What is kept of that.</param>
    /// <param name="now">Milliseconds since 1970.</param>
    /// <returns>Null when nothing may go.</returns>
    public static Position? Trim(ReadOnlySpan<LedgerRecord> closed, long openBytes, Position acknowledged, RetentionLimits limits, long now)
    {
        var kept = openBytes;
        foreach (var ledger in closed)
        {
            kept += ledger.Bytes;
        }

        Position? last = null;
        foreach (var ledger in closed)
        {
            if (LedgerChain.LastOf(ledger) > acknowledged || !IsDue(ledger, kept, limits, now))
            {
                break;
            }

            last = LedgerChain.LastOf(ledger);
            kept -= ledger.Bytes;
        }

        return last;
    }

    private static bool IsDue(LedgerRecord ledger, long kept, RetentionLimits limits, long now)
    {
        if (limits is { Seconds: 0 } or { Bytes: 0 })
        {
            return true;
        }

        var isOld = limits.Seconds > 0 && now - ledger.ClosedAt > limits.Seconds * 1000;
        var isMuch = limits.Bytes > 0 && kept - ledger.Bytes >= limits.Bytes;
        return isOld || isMuch;
    }
}
