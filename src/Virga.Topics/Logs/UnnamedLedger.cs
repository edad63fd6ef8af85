using System.Runtime.InteropServices;
using Virga.Topics.Ledgers;

namespace Virga.Topics.Logs;

/// <summary>A ledger that is about to be named by a topic's record.</summary>
/// <param name="Id">The ledger.</param>
/// <param name="Version">The version of its entry among those that nobody names; 0 where there is none, as in a store of one node.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct UnnamedLedger(LedgerId Id, long Version);
