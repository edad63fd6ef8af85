using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What stands at the beginning of a segment.</summary>
/// <param name="Number">Its place in the log.</param>
/// <param name="Generation">How often it was written anew, to leave out what is dead.</param>
/// <param name="Previous">The segment before it when it was begun; 0 for none.</param>
/// <param name="PreviousEnd">Where that ended: all before is on disk, what stands behind was never confirmed, or stands again in this one.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SegmentFileHeader(int Number, int Generation, int Previous, int PreviousEnd);
