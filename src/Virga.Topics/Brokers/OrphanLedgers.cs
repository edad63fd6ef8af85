using Microsoft.Extensions.Logging;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;

namespace Virga.Topics.Brokers;

/// <summary>
/// Finds the ledgers that no topic names: a crash came between the ledger and the record. Once after the start, and only in a store that no other node uses. Those that were there when the node started and
/// are not named when the grace is over are deleted: an operator who has started it with the wrong metadata has until then.
/// </summary>
internal sealed partial class OrphanLedgers(TopicServices services, TopicCatalogue catalogue)
{
    private const int PageSize = 1000;

    private long _startedAt;
    private HashSet<long>? _suspects;

    /// <summary>Notes which ledgers an earlier run has left, before this one makes any.</summary>
    public async ValueTask SuspectAsync(CancellationToken cancellation)
    {
        if (services.Logs.Ledgers.IsShared)
        {
            return;
        }

        var found = new HashSet<long>();
        await foreach (var ledger in services.Logs.Ledgers.ListAsync(cancellation))
        {
            found.Add(ledger.Value);
        }

        (_suspects, _startedAt) = (found, services.Time.GetTimestamp());
    }

    /// <summary>Deletes them when the grace is over.</summary>
    public async ValueTask StepAsync(CancellationToken cancellation)
    {
        if (_suspects is null)
        {
            return;
        }

        if (services.Time.GetElapsedTime(_startedAt) < services.Options.OrphanGrace)
        {
            return;
        }

        await ClearAsync(TopicRecord.TopicPrefix, cancellation);
        await ClearAsync(TopicRecord.PartitionPrefix, cancellation);
        foreach (var orphan in _suspects)
        {
            LogOrphan(services.Logger, orphan);
            await services.Logs.Ledgers.DeleteAsync(new LedgerId(orphan), cancellation);
        }

        _suspects = null;
    }

    private async ValueTask ClearAsync(string prefix, CancellationToken cancellation)
    {
        string? after = null;
        while (true)
        {
            var page = await catalogue.SweepAsync(prefix, after, PageSize, cancellation);
            foreach (var (_, record, key) in page)
            {
                after = key;
                foreach (var ledger in record.Ledgers)
                {
                    _suspects!.Remove(ledger.Id);
                }

                if (record.Compaction is { } compaction)
                {
                    _suspects!.Remove(compaction.Ledger);
                }
            }

            if (page.Count < PageSize)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The ledger {Ledger} belongs to no topic: it was left by a crash, and is deleted.")]
    private static partial void LogOrphan(ILogger logger, long ledger);
}
