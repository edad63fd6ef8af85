using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers;

/// <summary>What a closed ledger holds, for good.</summary>
/// <param name="LastEntry">Its last entry; -1 when it is empty.</param>
/// <param name="Bytes">The bytes of its entries, without what the store adds.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LedgerEnd(long LastEntry, long Bytes)
{
    /// <summary>How many entries there are.</summary>
    public long Entries => LastEntry + 1;
}
