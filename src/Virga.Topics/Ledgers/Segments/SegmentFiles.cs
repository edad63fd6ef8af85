using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>Makes the files of the log.</summary>
internal sealed class SegmentFiles(SegmentLedgerOptions options, LedgerDisk disk, SpareSegment spare)
{
    // Of all segments, sealed or not: so large may the next one become.
    private long _total;

    /// <summary>What is there already when the store opens.</summary>
    public void Count(long bytes) => _total += bytes;

    /// <summary>
    /// Begins a segment. It gets its name when its header, and the batches that it begins with, are on disk: a segment that is there has a good header.
    /// </summary>
    /// <param name="number">Its number.</param>
    /// <param name="previous">The one before it; 0 for none.</param>
    /// <param name="previousEnd">Where that ends.</param>
    /// <param name="batches">What the disk had taken and lost again.</param>
    public Segment Begin(int number, int previous, int previousEnd, List<LedgerBatch> batches)
    {
        var path = Path.Combine(options.Directory, SegmentFormat.SegmentName(number, 0));

        // What is written again goes to a fresh file: if this comes to nothing, a spare one would not be all zeros any more behind its header.
        if (batches.Count == 0 && spare.TryTake(out var spareFile))
        {
            return Finish(spareFile.Path, path, spareFile.Bytes, isZeroed: true, new SegmentFileHeader(number, 0, previous, previousEnd), batches);
        }

        var unfinished = path + SegmentFormat.UnfinishedSuffix;
        File.Delete(unfinished);
        File.WriteAllBytes(unfinished, []);
        File.SetUnixFileMode(unfinished, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return Finish(unfinished, path, NextCapacity, isZeroed: false, new SegmentFileHeader(number, 0, previous, previousEnd), batches);
    }

    /// <summary>The size of a segment that is begun now.</summary>
    public int NextCapacity => (int)Math.Clamp(_total, options.MinSegmentBytes, Math.Max(options.MinSegmentBytes, options.MaxSegmentBytes));

    private Segment Finish(string unfinished, string path, int capacity, bool isZeroed, in SegmentFileHeader header, List<LedgerBatch> batches)
    {
        var file = File.OpenHandle(unfinished, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            if (!isZeroed)
            {
                TryAllocate(file, unfinished, capacity);
            }

            Span<byte> bytes = stackalloc byte[SegmentFormat.FileHeaderBytes];
            SegmentFormat.WriteFileHeader(bytes, header);
            disk.Write(file, unfinished, bytes, 0);
            var offset = SegmentFormat.FileHeaderBytes;
            foreach (var batch in batches)
            {
                batch.Seal(header.Number, offset, SegmentFormat.FileHeaderBytes);
                disk.Write(file, unfinished, batch.Bytes, offset);
                offset += batch.Length;
            }

            disk.Synchronise(file, unfinished);
            File.Move(unfinished, path, overwrite: true);
            FileSystemSync.SyncFolder(options.Directory);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _total += capacity;
        return new Segment(header.Number, header.Generation, path, file) { Capacity = capacity, IsZeroed = isZeroed };
    }

    // Where there is less room than that, the segment grows as it is written, for as long as that goes.
    private void TryAllocate(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path, int capacity)
    {
        try
        {
            disk.Allocate(file, path, capacity);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(file, 0);
        }
    }
}
