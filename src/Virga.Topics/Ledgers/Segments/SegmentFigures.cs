using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What decides whether a segment is written anew.</summary>
/// <param name="Bytes">What it has in frames.</param>
/// <param name="LiveBytes">What of it belongs to ledgers that are not deleted.</param>
/// <param name="IsUsable">Whether it can be: it is not damaged.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SegmentFigures(long Bytes, long LiveBytes, bool IsUsable);
