using System.Runtime.InteropServices;

namespace Virga.Telemetry.Files;

/// <summary>A place in a <see cref="SegmentedFile"/>: what was written before it is older than what is written after it.</summary>
/// <param name="Segment">Start of the segment.</param>
/// <param name="Offset">Bytes from the segment's beginning.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SegmentPosition(long Segment, long Offset)
{
    /// <summary>After everything.</summary>
    public static readonly SegmentPosition End = new(long.MaxValue, long.MaxValue);
}
