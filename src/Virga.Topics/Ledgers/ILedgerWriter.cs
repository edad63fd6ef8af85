namespace Virga.Topics.Ledgers;

/// <summary>The one writer of an open ledger. Disposing it without closing leaves the ledger open, as a crash would: the next owner recovers it.</summary>
public interface ILedgerWriter : IAsyncDisposable
{
    /// <summary>The ledger.</summary>
    LedgerId Id { get; }

    /// <summary>The last entry whose <see cref="LedgerAppend.Confirmed"/> was called; -1 before the first. Also called the last-add-confirmed.</summary>
    long LastConfirmed { get; }

    /// <summary>Gives the entry the next place and queues it; returns at once. Not for several threads at a time: the topic orders its appends.</summary>
    /// <param name="append">The entry, and who is told.</param>
    /// <exception cref="LedgerFencedException">Another writer has taken the ledger over; nothing was queued.</exception>
    /// <exception cref="LedgerStoreException">The writer has failed or is closed; nothing was queued.</exception>
    void Append(LedgerAppend append);

    /// <summary>How many bytes wait to be confirmed: who publishes faster than the disk is held back by it.</summary>
    long PendingBytes { get; }

    /// <summary>Waits for what was appended, then makes the ledger read-only for good.</summary>
    ValueTask<LedgerEnd> CloseAsync(CancellationToken cancellation);
}
