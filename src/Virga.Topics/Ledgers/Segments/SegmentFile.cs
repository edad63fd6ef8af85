using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>A file that has the name of a segment.</summary>
/// <param name="Number">Its place in the log.</param>
/// <param name="Generation">How often it was written anew.</param>
/// <param name="Path">Where it is.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SegmentFile(int Number, int Generation, string Path);
