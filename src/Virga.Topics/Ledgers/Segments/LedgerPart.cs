using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What a sealed segment holds of a ledger; where exactly is said by the segment's index file.</summary>
/// <param name="Segment">Which one.</param>
/// <param name="First">The first entry.</param>
/// <param name="Count">How many, without a gap.</param>
/// <param name="DataBytes">Bytes of the entries alone.</param>
/// <param name="IndexOffset">Where the index file has its runs.</param>
/// <param name="Runs">How many runs.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LedgerPart(Segment Segment, long First, int Count, int DataBytes, int IndexOffset, int Runs)
{
    public long Next => First + Count;

    /// <summary>The room it takes in the segment.</summary>
    public long FrameBytes => DataBytes + ((long)Count * SegmentFormat.FrameHeaderBytes);
}
