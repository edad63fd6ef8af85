namespace Virga.Topics.Ledgers;

/// <summary>
/// Where ledgers are: append-only sequences of entries with one writer each, read-only once closed (the model of Apache BookKeeper). Two implementations pass one suite of tests:
/// segment files on this machine, RabbitMQ streams for a cluster. All members are safe for many threads.
/// </summary>
public interface ILedgerStore : IAsyncDisposable
{
    /// <summary>Whether other nodes see the same ledgers.</summary>
    bool IsShared { get; }

    /// <summary>Opens the store and recovers what an earlier run has written. Before it nothing else is called.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>ledgers-corrupted</c>, <c>storage-full</c>, <c>ledgers-unavailable</c>.</exception>
    ValueTask OpenAsync(CancellationToken cancellation);

    /// <summary>Makes an empty ledger and its writer.</summary>
    /// <param name="id">A number that was never used.</param>
    /// <param name="epoch">Who writes.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="LedgerStoreException">It exists, or the store cannot be written to.</exception>
    ValueTask<ILedgerWriter> CreateAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation);

    /// <summary>
    /// Fences every writer with a smaller epoch, then closes the ledger where it ends: after this nothing more is ever acknowledged by them, and all that they have acknowledged is there.
    /// A ledger that is closed already is left as it is.
    /// </summary>
    /// <exception cref="LedgerFencedException">A greater epoch was here before.</exception>
    /// <exception cref="LedgerNotFoundException">There is no such ledger.</exception>
    /// <exception cref="LedgerCorruptedException">Its middle is damaged.</exception>
    ValueTask<LedgerEnd> RecoverAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation);

    /// <summary>
    /// Reads confirmed entries in their order, beginning with <paramref name="first"/>, until one of the limits is reached or there are no more; at least one when there is one.
    /// For an open ledger, what its writer of this store has confirmed.
    /// </summary>
    /// <param name="id">Which ledger.</param>
    /// <param name="first">The first entry to read, from 0.</param>
    /// <param name="maxEntries">At most so many.</param>
    /// <param name="maxBytes">No further one once these many bytes of data are read.</param>
    /// <param name="into">Takes them, behind what it holds.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <returns>How many were added; 0 behind the last confirmed one.</returns>
    /// <exception cref="LedgerNotFoundException">There is no such ledger.</exception>
    /// <exception cref="LedgerCorruptedException">A stored entry is not what was written.</exception>
    ValueTask<int> ReadAsync(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation);

    /// <summary>Removes a ledger and, soon after, gives its space back. One that is not there is left so.</summary>
    ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation);

    /// <summary>Every ledger of the store, in no order: who compares it with the topics' metadata finds those that a crash has orphaned.</summary>
    IAsyncEnumerable<LedgerId> ListAsync(CancellationToken cancellation);
}
