using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>Entries of one ledger that lie together in a batch.</summary>
/// <param name="Writer">Whose.</param>
/// <param name="Head">The first append, and behind it the others; null once they are confirmed.</param>
/// <param name="First">The first entry.</param>
/// <param name="Count">How many.</param>
/// <param name="Offset">Where in the batch.</param>
/// <param name="Length">Bytes with the headers.</param>
/// <param name="DataBytes">Bytes of the entries alone.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BatchRun(SegmentLedgerWriter Writer, LedgerAppend? Head, long First, int Count, int Offset, int Length, int DataBytes);
