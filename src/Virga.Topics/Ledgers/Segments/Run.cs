using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// Where some entries of a ledger lie that follow each other: in these bytes of a segment, in their order, with at most a little of other things between them. Short enough that who wants an
/// entry in its middle loses little by walking there.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Run
{
    /// <summary>A run is not made longer than this by adding to it.</summary>
    public const int MaxBytes = 64 << 10;

    // The headers of some batches, or a few states.
    private const int MaxGap = 512;

    public required Segment Segment;
    public required long First;
    public required int Count;
    public required int Offset;
    public required int Length;

    /// <summary>Bytes of its entries, without what is around them.</summary>
    public required int DataBytes;

    public readonly long Next => First + Count;

    /// <summary>Makes one run of two that follow each other, where that is sensible.</summary>
    public bool TryExtend(in Run next)
    {
        var length = next.Offset + next.Length - Offset;
        if (next.Segment != Segment || next.First != Next || next.Offset - Offset - Length is < 0 or > MaxGap || length > MaxBytes)
        {
            return false;
        }

        Count += next.Count;
        Length = length;
        DataBytes += next.DataBytes;
        return true;
    }
}
