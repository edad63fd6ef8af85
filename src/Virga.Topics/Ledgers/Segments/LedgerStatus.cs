namespace Virga.Topics.Ledgers.Segments;

/// <summary>How far a ledger's life is; the numbers are those on disk.</summary>
internal enum LedgerStatus : byte
{
    /// <summary>In memory only: it is being made.</summary>
    Begun = 0,
    Open = 1,
    Closed = 2,
    Deleted = 3,
}
