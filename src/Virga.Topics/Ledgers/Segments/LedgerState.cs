using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What the log says about a ledger besides its entries. The last one holds, and says all: what came before may be missing.</summary>
/// <param name="Status">How far its life is.</param>
/// <param name="Epoch">Of the last writer, or of who closed it.</param>
/// <param name="End">When it is closed: where.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LedgerState(LedgerStatus Status, long Epoch, LedgerEnd End);
