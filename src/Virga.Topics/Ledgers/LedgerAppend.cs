namespace Virga.Topics.Ledgers;

/// <summary>
/// One append on its way to disk, and what happens when it got there: an object of the caller's, so that the warm path needs no task. Exactly one of the two ends comes,
/// on a thread of the store's, for the appends of one ledger in the order of their entries; both return at once and do not throw.
/// </summary>
public abstract class LedgerAppend
{
    /// <summary>The entry's bytes; unchanged from now on, by anybody.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The entry's place, known as soon as it was handed over.</summary>
    public long EntryId { get; internal set; } = -1;

    /// <summary>For the store: the next one in a queue of its own.</summary>
    internal LedgerAppend? Next { get; set; }

    /// <summary>The entry is as durable as the store promises, and so are all before it; it can be read.</summary>
    public abstract void Confirmed();

    /// <summary>
    /// The entry is not acknowledged, and none after it will be: the writer has failed. Whether the entry is in the ledger is known after the next recovery only.
    /// </summary>
    /// <param name="failure">A <see cref="LedgerFencedException"/>, or a <see cref="LedgerStoreException"/>.</param>
    public abstract void Failed(Exception failure);
}
