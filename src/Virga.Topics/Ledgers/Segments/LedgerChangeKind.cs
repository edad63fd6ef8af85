namespace Virga.Topics.Ledgers.Segments;

/// <summary>What is to be done.</summary>
internal enum LedgerChangeKind
{
    Create,
    Close,
    Delete,

    /// <summary>Nothing, once all that was appended to the ledger before has its end.</summary>
    Flush,

    /// <summary>Nothing, once all that was written before is on disk, with either durability.</summary>
    Barrier,
}
