using System.Security.Cryptography;

namespace Virga.Execution.Snapshots;

/// <summary>The files of an image on disk, as they were when they were last read to their end.</summary>
internal sealed class SnapshotImage
{
    private readonly IReadOnlyList<(string Path, long Size, DateTime ChangedAt)> _files;

    private SnapshotImage(IReadOnlyList<(string Path, long Size, DateTime ChangedAt)> files) => _files = files;

    /// <summary>Reads all files of a snapshot and compares them with its manifest: takes as long as reading them does.</summary>
    /// <returns>The image, or null when a file is missing or is not what it was.</returns>
    internal static SnapshotImage? Verify(string directory, SnapshotManifest manifest)
    {
        List<(string Path, long Size, DateTime ChangedAt)> files = [];
        try
        {
            foreach (SnapshotFile file in manifest.Files)
            {
                var info = new FileInfo(Path.Combine(directory, file.Name));
                if (!info.Exists || info.Length != file.Size || !string.Equals(HashOf(info.FullName), file.Sha256, StringComparison.Ordinal))
                {
                    return null;
                }

                files.Add((info.FullName, info.Length, info.LastWriteTimeUtc));
            }
        }
        catch (IOException)
        {
            return null; // A disk that cannot read it: not what it was.
        }

        return files.Count > 0 ? new SnapshotImage(files) : null;
    }

    /// <summary>Brings all files of a folder to disk for certain and lists them.</summary>
    internal static IReadOnlyList<SnapshotFile> Seal(string directory)
    {
        List<SnapshotFile> files = [];
        foreach (string path in Directory.EnumerateFiles(directory))
        {
            using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
            file.Flush(flushToDisk: true);
            files.Add(new SnapshotFile(Path.GetFileName(path), file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
        }

        return files;
    }

    /// <summary>Whether sizes and times are still those of the verified files: what happens to a file on its way, but one system call each.</summary>
    internal bool IsUnchanged() => _files.All(file => new FileInfo(file.Path) is { Exists: true } info && info.Length == file.Size && info.LastWriteTimeUtc == file.ChangedAt);

    private static string HashOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
