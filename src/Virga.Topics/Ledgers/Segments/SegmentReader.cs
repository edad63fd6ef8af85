using System.Buffers.Binary;
using Microsoft.Extensions.Logging;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// Reads entries: some 64 KB at once into memory of its own, of which the entries are slices, so that nothing is copied twice, and who keeps one entry keeps not much more alive.
/// Every entry is checked.
/// </summary>
internal sealed class SegmentReader(SegmentLedgerOptions options, LedgerTable table, ILogger logger)
{
    // Below what the collector takes for a large object.
    private const int ChunkBytes = 64 << 10;

    // Runs that are taken from a ledger that is written to, at once.
    private const int RunsAtOnce = 64;

    // Entries are moved, now and then, while somebody reads them: what is wrong is looked at again before it is called so.
    private const int Attempts = 4;

    private readonly RunCache _cache = new(options.IndexCacheBytes);

    /// <summary>Reads as <see cref="ILedgerStore.ReadAsync"/> says.</summary>
    public int Read(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into)
    {
        var began = into.Count;
        var next = Math.Max(0, first);
        long bytes = 0;
        var attempt = 0;
        while (into.Count - began < maxEntries && bytes < maxBytes)
        {
            if (!table.TryGet(id.Value, out var ledger) || ledger.Status is LedgerStatus.Deleted or LedgerStatus.Begun)
            {
                throw new LedgerNotFoundException($"There is no ledger {id}.");
            }

            var place = ledger.Find(next, RunsAtOnce);
            if (place.Part is null && place.Runs is null)
            {
                break;
            }

            var before = next;
            string? wrong;
            try
            {
                wrong = ReadPlace(ledger, place, ref next, maxEntries - (into.Count - began), maxBytes, ref bytes, into);
            }
            catch (ObjectDisposedException)
            {
                wrong = "its segment is gone";
            }

            if (wrong is null || next > before)
            {
                attempt = 0;
            }
            else if (++attempt == Attempts)
            {
                throw new LedgerCorruptedException($"Entry {next} of ledger {id} cannot be read: {wrong}. Restore the folder of ledgers from a backup, or delete the ledger.");
            }
            else
            {
                Thread.Yield();
            }
        }

        return into.Count - began;
    }

    /// <summary>The runs of a part.</summary>
    public Run[] RunsOf(in LedgerPart part, long ledger)
    {
        if (_cache.Find(part.Segment, ledger) is { } known)
        {
            return known;
        }

        var runs = SegmentIndexFile.Read(part, ledger) ?? Search(part, ledger);
        _cache.Add(part.Segment, ledger, runs);
        return runs;
    }

    /// <summary>Reads entries of a part, which nobody moves meanwhile.</summary>
    public void ReadPart(long ledger, in LedgerPart part, long first, int maxBytes, List<LedgerEntry> into)
    {
        var runs = RunsOf(part, ledger);
        long bytes = 0;
        for (var i = SegmentLedger.IndexOf(runs, first); i < runs.Length && bytes < maxBytes; i++)
        {
            var limit = int.MaxValue;
            if (ReadRun(ledger, runs[i], ref first, ref limit, maxBytes, ref bytes, into) is { } wrong)
            {
                throw new LedgerCorruptedException($"Entry {first} of ledger {ledger} cannot be read: {wrong}.");
            }
        }
    }

    private string? ReadPlace(SegmentLedger ledger, in LedgerPlace place, ref long next, int maxEntries, int maxBytes, ref long bytes, List<LedgerEntry> into)
    {
        var runs = place.Runs ?? RunsOf(place.Part!.Value, ledger.Id);
        if (runs.Length == 0)
        {
            return $"'{place.Part!.Value.Segment.Path}' does not have it";
        }

        var limit = (int)Math.Min(maxEntries, place.Last + 1 - next);
        for (var i = SegmentLedger.IndexOf(runs, next); i < runs.Length && limit > 0 && bytes < maxBytes; i++)
        {
            if (next < runs[i].First || next >= runs[i].Next)
            {
                return $"'{runs[i].Segment.Path}' does not have it";
            }

            if (ReadRun(ledger.Id, runs[i], ref next, ref limit, maxBytes, ref bytes, into) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    // Gives what is wrong, or null.
    private static string? ReadRun(long ledger, in Run run, ref long next, ref int limit, int maxBytes, ref long bytes, List<LedgerEntry> into)
    {
        var offset = run.Offset;
        var end = run.Offset + run.Length;
        var expected = run.First;

        // Whole entries, where they are of one size.
        var average = Math.Max(1, run.Length / run.Count);
        var chunkBytes = average >= ChunkBytes ? average : ChunkBytes / average * average;
        while (limit > 0 && bytes < maxBytes && next < run.Next)
        {
            // No more than is asked for, by what entries have here usually; the first ones may only be walked over.
            var wanted = (Math.Min(limit, ((maxBytes - bytes) / average) + 1) + (next - expected)) * average;
            var size = (int)Math.Min(Math.Min(end - offset, chunkBytes), Math.Max(wanted, average));
            var chunk = GC.AllocateUninitializedArray<byte>(Math.Max(size, SegmentFormat.FrameHeaderBytes));
            var read = RandomAccess.Read(run.Segment.File, chunk, offset);
            var at = 0;
            while (limit > 0 && bytes < maxBytes && expected < run.Next && read - at >= SegmentFormat.FrameHeaderBytes)
            {
                var rest = chunk.AsSpan(at, read - at);
                if (SegmentFormat.IsBatch(rest))
                {
                    at += SegmentFormat.BatchHeaderBytes;
                    continue;
                }

                var header = SegmentFormat.ReadFrameHeader(rest);
                if (header.Length < 0 || header.FrameBytes > end - offset - at)
                {
                    return Damaged(run, offset + at);
                }

                var isWanted = header.Ledger == ledger && header.Entry == next;
                if (isWanted && header.FrameBytes > rest.Length)
                {
                    break;
                }

                if (isWanted)
                {
                    if (!SegmentFormat.IsIntact(rest[..header.FrameBytes]))
                    {
                        return Damaged(run, offset + at);
                    }

                    into.Add(new LedgerEntry(next, chunk.AsMemory(at + SegmentFormat.FrameHeaderBytes, header.Length)));
                    bytes += header.Length;
                    limit--;
                    next++;
                }

                if (header.Ledger == ledger && header.Entry >= 0)
                {
                    if (header.Entry != expected)
                    {
                        return Damaged(run, offset + at);
                    }

                    expected++;
                }

                at += header.FrameBytes;
            }

            if (at == 0)
            {
                // An entry that is larger than usual, unless there is nothing more to read.
                if (read < SegmentFormat.FrameHeaderBytes)
                {
                    return Damaged(run, offset);
                }

                var needed = SegmentFormat.FrameHeaderBytes + BinaryPrimitives.ReadInt32LittleEndian(chunk);
                if (needed <= chunk.Length)
                {
                    return Damaged(run, offset);
                }

                chunkBytes = needed;
                average = Math.Max(average, needed);
            }

            offset += at;
        }

        return null;
    }

    private static string Damaged(in Run run, int offset) => $"'{run.Segment.Path}' is damaged at byte {offset}";

    // The index file is lost: the segment says it, too.
    private Run[] Search(in LedgerPart part, long ledger)
    {
        logger.IndexLost(part.Segment.IndexPath);
        var runs = new List<Run>();
        var scan = new SegmentScan(part.Segment, part.Segment.End);
        while (scan.TryNext(out var frames, out var offset))
        {
            while (!frames.IsEmpty)
            {
                var header = SegmentFormat.ReadFrameHeader(frames);
                if (header.Ledger == ledger && header.Entry >= 0)
                {
                    var run = new Run { Segment = part.Segment, First = header.Entry, Count = 1, Offset = offset, Length = header.FrameBytes, DataBytes = header.Length };
                    if (runs.Count == 0 || !System.Runtime.InteropServices.CollectionsMarshal.AsSpan(runs)[^1].TryExtend(run))
                    {
                        runs.Add(run);
                    }
                }

                offset += header.FrameBytes;
                frames = frames[header.FrameBytes..];
            }
        }

        return [.. runs];
    }
}
