using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>Where an entry is.</summary>
/// <param name="Last">The ledger's last confirmed entry.</param>
/// <param name="Part">The part of a sealed segment that has it.</param>
/// <param name="Runs">Or the runs from it on.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LedgerPlace(long Last, LedgerPart? Part, Run[]? Runs);
