namespace Virga.Topics.Ledgers.Cold;

/// <summary>Where closed ledgers are kept that are seldom read: cheaper and slower than the store in which they were written. All members are safe for many threads.</summary>
public interface IColdLedgers : IAsyncDisposable
{
    /// <summary>What it is called where a topic notes that a ledger is here.</summary>
    string Name { get; }

    /// <summary>Finds out whether it can be used.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>ledgers-unavailable</c>.</exception>
    ValueTask OpenAsync(CancellationToken cancellation);

    /// <summary>Copies a closed ledger. It is whole and durable when this returns; before that nothing of it can be read. Copying it again changes nothing.</summary>
    /// <param name="id">Which ledger.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="from">The store that it is in.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="LedgerStoreException">It cannot be read or written.</exception>
    ValueTask StoreAsync(LedgerId id, LedgerEnd end, ILedgerStore from, CancellationToken cancellation);

    /// <inheritdoc cref="ILedgerStore.ReadAsync"/>
    ValueTask<int> ReadAsync(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation);

    /// <summary>Where a ledger ends; null when it is not here.</summary>
    /// <exception cref="LedgerStoreException">That cannot be found out.</exception>
    ValueTask<LedgerEnd?> FindAsync(LedgerId id, CancellationToken cancellation);

    /// <summary>Removes a ledger. One that is not there is left so.</summary>
    ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation);

    /// <summary>Every ledger that is here, in no order.</summary>
    IAsyncEnumerable<LedgerId> ListAsync(CancellationToken cancellation);
}
