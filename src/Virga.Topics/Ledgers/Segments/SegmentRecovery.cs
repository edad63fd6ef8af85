using Microsoft.Extensions.Logging;
using Virga.Core.Problems;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// Finds out what a folder of segments holds: the catalogue says it of most of them, the last ones are read. The torn end of the last is cut off; damage before that is refused, since what
/// follows would be lost in silence.
/// </summary>
internal sealed class SegmentRecovery(SegmentLedgerOptions options, LedgerDisk disk, ILogger logger, LedgerTable table)
{
    private readonly List<Segment> _segments = [];

    /// <summary>What is there, by their numbers; each has its end.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>The last number that was given to a segment, whether it is still there or not; 0 for none.</summary>
    public int Last { get; private set; }

    /// <summary>Where that ends.</summary>
    public int End => _segments.Count > 0 && _segments[^1].Number == Last ? _segments[^1].End : 0;

    /// <exception cref="ProblemException"><c>ledgers-corrupted</c>.</exception>
    public void Run()
    {
        foreach (var unfinished in Directory.GetFiles(options.Directory, "ledgers*" + SegmentFormat.UnfinishedSuffix))
        {
            File.Delete(unfinished);
        }

        var files = Find();
        var cataloguePath = Path.Combine(options.Directory, SegmentFormat.CatalogueName);
        var catalogue = File.Exists(cataloguePath) ? File.ReadAllBytes(cataloguePath) : [];
        var scanFrom = 1;
        if (Catalogue.IsIntact(catalogue))
        {
            scanFrom = Catalogue.ScanFrom(catalogue);
            OpenCatalogued(catalogue, files);
        }
        else if (catalogue.Length > 0 || files.Count > 2 || files.Exists(static file => file.Generation > 0))
        {
            logger.CatalogueLost(cataloguePath);
        }

        Scan(files.FindAll(file => file.Number >= scanFrom), Catalogue.IsIntact(catalogue) ? scanFrom : null);
        Last = _segments.Count > 0 ? Math.Max(_segments[^1].Number, scanFrom - 1) : scanFrom - 1;
        Report();
    }

    // Of each number the last generation: an earlier one is left where it was written anew and the store ended before it was removed.
    private List<SegmentFile> Find()
    {
        var files = new List<SegmentFile>();
        foreach (var path in Directory.GetFiles(options.Directory, SegmentFormat.SegmentPattern))
        {
            if (!SegmentFormat.TryParseName(path, out var number, out var generation))
            {
                throw Damaged(path, 0, "its name is not that of a segment");
            }

            files.Add(new SegmentFile(number, generation, path));
        }

        files.Sort(static (left, right) => (left.Number, left.Generation).CompareTo((right.Number, right.Generation)));
        return files;
    }

    private void OpenCatalogued(byte[] catalogue, List<SegmentFile> files)
    {
        var known = Catalogue.Segments(catalogue);
        var segments = new Dictionary<int, Segment>();
        foreach (var (number, generation, end, frameBytes) in known)
        {
            // One that is not there was removed when its last ledger was deleted: the log says so, or its absence is found when somebody reads.
            var path = Path.Combine(options.Directory, SegmentFormat.SegmentName(number, generation));
            if (File.Exists(path))
            {
                segments[number] = Open(number, generation, path);
                segments[number].End = end;
                segments[number].IsIndexed = true;
                segments[number].FrameBytes = frameBytes;
                _segments.Add(segments[number]);
            }
            else
            {
                segments[number] = new Segment(number, generation, path, new Microsoft.Win32.SafeHandles.SafeFileHandle()) { End = end };
            }
        }

        Catalogue.Restore(catalogue, segments, table);
        foreach (var (number, generation, path) in files)
        {
            if (number < Catalogue.ScanFrom(catalogue) && !known.Exists(segment => segment.Number == number && segment.Generation == generation))
            {
                File.Delete(path);
                File.Delete(path + SegmentFormat.IndexSuffix);
            }
        }
    }

    private void Scan(List<SegmentFile> files, int? scanFrom)
    {
        var replay = new SegmentReplay(table);
        var headers = files.ConvertAll(static file => ReadHeader(file.Path));
        for (var i = 0; i < files.Count; i++)
        {
            var (number, generation, path) = files[i];
            if (i + 1 < files.Count && files[i + 1].Number == number)
            {
                // Written anew, and the newer one is complete since it has its name.
                File.Delete(path);
                File.Delete(path + SegmentFormat.IndexSuffix);
                continue;
            }

            // What is removed is no longer among those that the catalogue leaves to be read.
            if (headers[i].Previous >= scanFrom && (i == 0 || files[i - 1].Number != headers[i].Previous))
            {
                throw Damaged(path, 0, $"the segment before it, {SegmentFormat.SegmentName(headers[i].Previous, 0)}, is missing");
            }

            // A segment ends where the next says: what stands behind that was never confirmed, or stands again in the next.
            var end = i + 1 < files.Count && generation == 0 && headers[i + 1].Previous == number ? headers[i + 1].PreviousEnd : default(int?);
            var segment = Open(number, generation, path);
            try
            {
                segment.End = ScanOne(segment, replay, end, isLast: i == files.Count - 1);
            }
            catch
            {
                segment.Dispose();
                throw;
            }

            _segments.Add(segment);
        }
    }

    private int ScanOne(Segment segment, SegmentReplay replay, int? end, bool isLast)
    {
        var scan = new SegmentScan(segment, end);
        while (scan.TryNext(out var frames, out var offset))
        {
            replay.Take(segment, frames, offset);
        }

        if (end is not null ? scan.Position != end : scan.WasDurable() || (!isLast && scan.Rest > 0 && segment.Generation > 0))
        {
            throw Damaged(segment.Path, scan.Position, "what is there was on disk, and is not what was written");
        }

        if (isLast)
        {
            CutOff(segment, scan.Position);
        }

        return (int)scan.Position;
    }

    // What the last process has written may be in the system's memory only; the next segment will say that it is on disk.
    private void CutOff(Segment segment, long end)
    {
        var length = RandomAccess.GetLength(segment.File);
        if (length > end)
        {
            var behind = new byte[Math.Min(4096, length - end)];
            RandomAccess.Read(segment.File, behind, end);
            if (behind.AsSpan().ContainsAnyExcept((byte)0))
            {
                logger.TornEnd(options.Directory, length - end);
            }

            RandomAccess.SetLength(segment.File, end);
        }

        disk.Synchronise(segment.File, segment.Path);
    }

    private void Report()
    {
        var damaged = 0;
        var first = 0L;
        foreach (var ledger in table.ToArray())
        {
            // A segment that is gone is well when all its ledgers are.
            ledger.IsDamaged |= Array.Exists(ledger.Parts, static part => part.Segment.File.IsInvalid);
            if (ledger.IsDamaged)
            {
                first = damaged++ == 0 ? ledger.Id : Math.Min(first, ledger.Id);
            }
        }

        if (damaged > 0)
        {
            logger.LedgersDamaged(damaged, first);
        }
    }

    private static Segment Open(int number, int generation, string path)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var segment = new Segment(number, generation, path, file);
        try
        {
            var header = ReadHeader(path);
            return header.Number == number && header.Generation == generation ? segment : throw Damaged(path, 0, "its header is that of another segment");
        }
        catch
        {
            segment.Dispose();
            throw;
        }
    }

    private static SegmentFileHeader ReadHeader(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[SegmentFormat.FileHeaderBytes];
        var read = RandomAccess.Read(file, bytes, 0);
        return SegmentFormat.ReadFileHeader(bytes.AsSpan(0, read), out var header) is { } wrong ? throw Damaged(path, 0, wrong) : header;
    }

    private static ProblemException Damaged(string path, long offset, string what) => new(KnownProblems.LedgersCorrupted(
        $"The segment '{path}' is damaged at byte {offset}: {what}.",
        $"Restore the folder of ledgers from a backup. To go on without the entries that follow that byte: move later files ledgers-*.log away and run: truncate -s {offset} '{path}' (at byte 0: move the file itself away)."));
}
