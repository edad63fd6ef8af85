using Microsoft.Win32.SafeHandles;
using Virga.Core.Storage;
using Virga.State.Time;

namespace Virga.State.Logs;

/// <summary>The files of the log; used by recovery, then by the writer alone.</summary>
internal sealed class LogSegments(string directory, LogDisk disk) : IDisposable
{
    // Oldest first; the last is the one that is written.
    private readonly List<long> _starts = [];
    private SafeFileHandle? _file;
    private string _path = "";

    /// <summary>Where the segment begins that is written.</summary>
    public long Start => _starts[^1];

    /// <summary>Goes on with the segments that recovery has found, the last of them cut where it ends.</summary>
    public void Resume(IReadOnlyList<long> starts, long end)
    {
        _starts.AddRange(starts);
        _path = PathOf(Start);
        _file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        var length = end - Start + LogFormat.SegmentHeaderBytes;
        if (RandomAccess.GetLength(_file) != length)
        {
            RandomAccess.SetLength(_file, length);
        }

        // What the last process wrote may be in the system's memory only.
        disk.Synchronise(_file, _path);
    }

    /// <summary>
    /// Makes a segment and writes to it from now on. It gets its name when all of it is on disk: a segment that is there has a good header. The name may be that of
    /// the segment before, which then held nothing that counts.
    /// </summary>
    public void Begin(long position, HybridTimestamp clock, IReadOnlyList<LogBatch> batches)
    {
        var path = PathOf(position);
        var unfinished = path + LogFormat.UnfinishedSuffix;
        File.Delete(unfinished);
        var file = File.OpenHandle(unfinished, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Span<byte> header = stackalloc byte[LogFormat.SegmentHeaderBytes];
            LogFormat.WriteSegmentHeader(header, position, clock);
            disk.Write(file, unfinished, header, 0);
            foreach (var batch in batches)
            {
                disk.Write(file, unfinished, batch.Bytes.Span, OffsetOf(batch.Position, position));
            }

            disk.Synchronise(file, unfinished);
            File.Move(unfinished, path, overwrite: true);
            FileSystemSync.SyncFolder(directory);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _file?.Dispose();
        (_file, _path) = (file, path);
        if (_starts.Count == 0 || _starts[^1] != position)
        {
            _starts.Add(position);
        }
    }

    public void Write(LogBatch batch) => disk.Write(_file!, _path, batch.Bytes.Span, OffsetOf(batch.Position, Start));

    public void Synchronise() => disk.Synchronise(_file!, _path);

    /// <summary>Removes the segments that end before a position, oldest first, so that what is left has no gap.</summary>
    public void Drop(long before)
    {
        while (_starts.Count > 1 && _starts[1] <= before)
        {
            File.Delete(PathOf(_starts[0]));
            FileSystemSync.SyncFolder(directory);
            _starts.RemoveAt(0);
        }
    }

    public void Dispose() => _file?.Dispose();

    private static long OffsetOf(long position, long start) => position - start + LogFormat.SegmentHeaderBytes;

    private string PathOf(long position) => Path.Combine(directory, LogFormat.SegmentName(position));
}
