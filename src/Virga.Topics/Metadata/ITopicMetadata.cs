namespace Virga.Topics.Metadata;

/// <summary>
/// What topics know besides their messages: which exist, their ledgers, owners, cursors, policies, schemas. Small values under ordered keys with versions; a write is conditional on
/// the version that was read, which is what decides between two nodes that both think they own a topic. SQLite on a machine alone, PostgreSQL in a cluster; one suite of tests for both.
/// Concurrent writes share a transaction (and its wait for the disk). All members are safe for many threads.
/// </summary>
public interface ITopicMetadata : IAsyncDisposable
{
    /// <summary>Opens it and makes its tables. Before it nothing else is called.</summary>
    ValueTask OpenAsync(CancellationToken cancellation);

    /// <summary>Reads a key; null when it is not there.</summary>
    ValueTask<MetadataValue?> GetAsync(string key, CancellationToken cancellation);

    /// <summary>Writes all or nothing, durably.</summary>
    /// <returns>The new version of each key, in the order of the writes; 0 for a deleted one.</returns>
    /// <exception cref="MetadataConflictException">A key is not at the version expected; nothing was written.</exception>
    ValueTask<long[]> WriteAsync(IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation);

    /// <summary>The keys that begin with a prefix, in ordinal order of their UTF-8 bytes.</summary>
    /// <param name="prefix">What they begin with.</param>
    /// <param name="after">Only those behind this one; null from the beginning.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellation">Breaks off.</param>
    ValueTask<IReadOnlyList<KeyValuePair<string, MetadataValue>>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellation);

    /// <summary>A number for a ledger, greater than all that were given before, on whichever node: the ledgers of a topic are in the order of their numbers. Durably counted.</summary>
    ValueTask<Ledgers.LedgerId> NextLedgerAsync(CancellationToken cancellation);
}
