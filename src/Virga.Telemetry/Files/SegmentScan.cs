namespace Virga.Telemetry.Files;

/// <summary>Walks over the lines of a folder of segments.</summary>
internal static class SegmentScan
{
    /// <summary>
    /// Gives the lines before <paramref name="before"/>, newest first, until the visitor returns false or <paramref name="maxBytes"/> have been read.
    /// Segments that were finished before <paramref name="notBefore"/> (Unix milliseconds) are not opened.
    /// </summary>
    public static void Backwards(string folder, SegmentPosition before, long notBefore, long maxBytes, Func<ReadOnlyMemory<byte>, bool> visit, CancellationToken cancellation)
    {
        var segments = Segment.List(folder);
        for (var i = segments.Count - 1; i >= 0 && maxBytes > 0; i--)
        {
            if (i < segments.Count - 1 && segments[i + 1].Start < notBefore)
            {
                return;
            }

            var end = segments[i].Start == before.Segment ? before.Offset : long.MaxValue;
            if (segments[i].Start <= before.Segment && !Backwards(segments[i], end, ref maxBytes, visit, cancellation))
            {
                return;
            }
        }
    }

    private static bool Backwards(Segment segment, long end, ref long maxBytes, Func<ReadOnlyMemory<byte>, bool> visit, CancellationToken cancellation)
    {
        try
        {
            using var reader = new BackwardLineReader(segment.Path, end);
            while (maxBytes > 0 && reader.TryRead(out var line))
            {
                cancellation.ThrowIfCancellationRequested();
                maxBytes -= line.Length + 1;
                if (!visit(line))
                {
                    return false;
                }
            }
        }
        catch (FileNotFoundException)
        {
            // Pruned since it was listed; so were all older ones.
            return false;
        }

        return true;
    }
}
