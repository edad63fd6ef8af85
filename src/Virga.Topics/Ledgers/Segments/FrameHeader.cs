using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What stands before an entry's data, but for the checksum.</summary>
/// <param name="Length">Of the data.</param>
/// <param name="Ledger">Whose it is.</param>
/// <param name="Entry">Its place in the ledger, or <see cref="SegmentFormat.StateFrame"/>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FrameHeader(int Length, long Ledger, long Entry)
{
    /// <summary>Header and data.</summary>
    public int FrameBytes => SegmentFormat.FrameHeaderBytes + Length;
}
