using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>Writes small files that are there as a whole or not at all.</summary>
internal static class DurableFile
{
    public static void Write(LedgerDisk disk, string path, ReadOnlySpan<byte> bytes)
    {
        var unfinished = path + SegmentFormat.UnfinishedSuffix;
        using (var file = File.OpenHandle(unfinished, FileMode.Create, FileAccess.ReadWrite, FileShare.Read))
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            disk.Write(file, unfinished, bytes, 0);
            disk.Synchronise(file, unfinished);
        }

        File.Move(unfinished, path, overwrite: true);
        FileSystemSync.SyncFolder(Path.GetDirectoryName(path)!);
    }
}
