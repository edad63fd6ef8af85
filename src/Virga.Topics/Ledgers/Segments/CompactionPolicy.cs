namespace Virga.Topics.Ledgers.Segments;

/// <summary>Decides which segments are written anew, as one.</summary>
internal static class CompactionPolicy
{
    // So many small neighbours are one too many: each is a file, and a restart makes another.
    private const int SmallNeighbours = 8;

    /// <summary>Neighbours whose live part has room in one segment, and that are dead for the greater part or small and many; null when all is well.</summary>
    /// <param name="segments">Sealed ones, by their numbers.</param>
    /// <param name="maxBytes">What a segment may have.</param>
    public static Range? Choose(ReadOnlySpan<SegmentFigures> segments, long maxBytes)
    {
        for (var from = 0; from < segments.Length; from++)
        {
            long bytes = 0;
            long live = 0;
            Range? chosen = null;
            var small = true;
            for (var to = from; to < segments.Length && segments[to].IsUsable; to++)
            {
                bytes += segments[to].Bytes;
                live += segments[to].LiveBytes;
                if (live > maxBytes)
                {
                    break;
                }

                small &= segments[to].Bytes < maxBytes / SmallNeighbours;
                if (live * 2 <= bytes || (small && to - from + 1 >= SmallNeighbours))
                {
                    chosen = from..(to + 1);
                }
                else if (!small)
                {
                    // What follows could only thin out what is well as it is.
                    break;
                }
            }

            if (chosen is not null)
            {
                return chosen;
            }
        }

        return null;
    }
}
