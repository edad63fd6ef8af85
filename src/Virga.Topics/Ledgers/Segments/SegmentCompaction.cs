using Microsoft.Win32.SafeHandles;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>Writes what lives of some neighbouring segments to one new file, each ledger's entries together.</summary>
internal sealed class SegmentCompaction(SegmentLedgerOptions options, LedgerDisk disk, LedgerTable table, SegmentReader reader, Func<TimeSpan, bool> waits)
{
    private const int BatchBytes = 1 << 20;

    private readonly LedgerBatch _batch = new();
    private readonly SegmentIndexFile _index = new();
    private readonly List<Run> _pending = [];
    private readonly List<Run> _runs = [];
    private readonly List<LedgerEntry> _entries = [];
    private int _offset = SegmentFormat.FileHeaderBytes;

    /// <summary>For each ledger its new part, and which parts it takes the place of.</summary>
    public List<(SegmentLedger Ledger, int Index, int Count, LedgerPart Part)> Moves { get; } = [];

    /// <summary>Writes the file and its index; null when it was broken off.</summary>
    /// <exception cref="LedgerCorruptedException">An entry is damaged.</exception>
    public Segment? Run(IReadOnlyList<Segment> sources)
    {
        var generation = sources.Max(static source => source.Generation) + 1;
        var number = sources[0].Number;
        var path = Path.Combine(options.Directory, SegmentFormat.SegmentName(number, generation));
        var unfinished = path + SegmentFormat.UnfinishedSuffix;
        var file = File.OpenHandle(unfinished, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var segment = new Segment(number, generation, path, file);
        var complete = false;
        try
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Span<byte> header = stackalloc byte[SegmentFormat.FileHeaderBytes];
            SegmentFormat.WriteFileHeader(header, new SegmentFileHeader(number, generation, 0, 0));
            disk.Write(file, unfinished, header, 0);
            complete = CopyAll(sources.ToHashSet(), segment, unfinished);
            if (!complete)
            {
                return null;
            }

            disk.Synchronise(file, unfinished);
            segment.End = _offset;
            segment.IsIndexed = true;
            DurableFile.Write(disk, segment.IndexPath, _index.Bytes);
            File.Move(unfinished, path, overwrite: true);
            Core.Storage.FileSystemSync.SyncFolder(options.Directory);
            return segment;
        }
        finally
        {
            if (!complete)
            {
                segment.Dispose();
                File.Delete(unfinished);
            }
        }
    }

    private bool CopyAll(HashSet<Segment> sources, Segment target, string unfinished)
    {
        var ledgers = table.ToArray();
        Array.Sort(ledgers, static (left, right) => left.Id.CompareTo(right.Id));
        foreach (var ledger in ledgers)
        {
            var parts = ledger.Parts;
            var index = Array.FindIndex(parts, part => sources.Contains(part.Segment));
            if (index < 0 || ledger.Status == LedgerStatus.Deleted)
            {
                continue;
            }

            var count = parts.Skip(index).TakeWhile(part => sources.Contains(part.Segment)).Count();
            _runs.Clear();
            for (var i = index; i < index + count; i++)
            {
                if (!Copy(ledger, parts[i], target, unfinished))
                {
                    return false;
                }
            }

            // A run ends with its ledger; the batch may go on with the next one.
            TakePending();
            var part = _index.Add(target, ledger.Id, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_runs));
            Moves.Add((ledger, index, count, part));
        }

        Flush(target.File, unfinished, target);
        return true;
    }

    private bool Copy(SegmentLedger ledger, LedgerPart part, Segment target, string unfinished)
    {
        for (var next = part.First; next < part.Next;)
        {
            _entries.Clear();
            reader.ReadPart(ledger.Id, part, next, BatchBytes, _entries);
            foreach (var (id, data) in _entries)
            {
                var at = _batch.Length;
                _batch.AddFrame(data.Span, ledger.Id, id);
                _pending.Add(new Run { Segment = target, First = id, Count = 1, Offset = _offset + at, Length = _batch.Length - at, DataBytes = data.Length });
            }

            next += _entries.Count;
            if (_batch.Length >= BatchBytes)
            {
                TakePending();
                var bytes = _batch.Length;
                Flush(target.File, unfinished, target);
                if (waits(TimeSpan.FromSeconds((double)bytes / options.CompactionBytesPerSecond)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private void TakePending()
    {
        foreach (var run in _pending)
        {
            if (_runs.Count == 0 || !System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_runs)[^1].TryExtend(run))
            {
                _runs.Add(run);
            }
        }

        _pending.Clear();
    }

    private void Flush(SafeFileHandle file, string unfinished, Segment target)
    {
        if (_batch.IsEmpty)
        {
            return;
        }

        _batch.Seal(target.Number, _offset, SegmentFormat.FileHeaderBytes);
        disk.Write(file, unfinished, _batch.Bytes, _offset);
        _offset += _batch.Length;
        _batch.Clear();
    }
}
