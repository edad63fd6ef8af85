using System.Collections.Immutable;
using System.IO.Compression;
using Virga.Cli.Failures;

namespace Virga.Cli.Packaging;

/// <summary>
/// A function's code as the zip file that is uploaded. Equal files give an equal archive, byte for byte: entries are sorted,
/// have one fixed time and no owner, so that an unchanged folder is an unchanged package.
/// </summary>
/// <param name="Zip">The archive.</param>
/// <param name="Files">How many files it has; null for a zip file that is passed on unread.</param>
internal sealed record PackageArchive(ReadOnlyMemory<byte> Zip, int? Files)
{
    // Where the time of a zip's entries begins.
    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const int RegularFile = 0x8000;
    private const int PlainMode = 0x1A4; // 0644
    private const int ExecutableMode = 0x1ED; // 0755

    /// <summary>What the node calls the package.</summary>
    public string Digest { get; } = PackageDigest.Of(Zip);

    /// <summary>Packs a file or a folder; takes a zip file as it is.</summary>
    /// <exception cref="UsageException">There is nothing to pack, or a link leaves the folder.</exception>
    public static PackageArchive Pack(string path)
    {
        if (File.Exists(path))
        {
            return Path.GetExtension(path).Equals(".zip", StringComparison.OrdinalIgnoreCase)
                ? new PackageArchive(File.ReadAllBytes(path), null)
                : Write([(Path.GetFileName(path), path)]);
        }

        if (!Directory.Exists(path))
        {
            throw new UsageException($"There is no file or folder '{path}'.", "Give the path of a source file, a folder or a zip file.");
        }

        var files = FolderFiles(path);
        return files.Count > 0
            ? Write(files)
            : throw new UsageException($"The folder '{path}' has no file to deploy.", $"Put the function's source there, or mend its {IgnoreRules.FileName}.");
    }

    private static List<(string Name, string Path)> FolderFiles(string folder)
    {
        var root = RealPath(folder);
        var rules = IgnoreRules.Of(folder);
        var files = new List<(string, string)>();
        Walk(root, "", [root]);
        return files;

        // The chain is the real folders from the root down to this one: a link to one of them would never end.
        void Walk(string directory, string prefix, ImmutableHashSet<string> chain)
        {
            foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
            {
                var name = prefix + entry.Name;
                var target = entry.LinkTarget is null ? entry.FullName : Follow(entry, name);
                var isFolder = Directory.Exists(target);
                if (rules.Skip(name, isFolder))
                {
                    continue;
                }

                if (isFolder)
                {
                    if (chain.Contains(target))
                    {
                        throw new UsageException($"The link '{name}' leads to a folder that it is in.", $"Remove it, or name it in {IgnoreRules.FileName}.");
                    }

                    Walk(target, name + "/", chain.Add(target));
                }
                else
                {
                    files.Add((name, target));
                }
            }
        }

        string Follow(FileSystemInfo link, string name)
        {
            var target = link.ResolveLinkTarget(returnFinalTarget: true);
            if (target is null || !target.Exists)
            {
                throw new UsageException($"The link '{name}' leads to nothing.", $"Remove it, or name it in {IgnoreRules.FileName}.");
            }

            var real = RealPath(target.FullName);
            if (real != root && !real.StartsWith(root + "/", StringComparison.Ordinal))
            {
                throw new UsageException($"The link '{name}' leads out of the folder, to '{real}'.", $"Copy what it names into the folder, or name it in {IgnoreRules.FileName}.");
            }

            return real;
        }
    }

    // The path with every link on the way followed, as realpath(3) does.
    private static string RealPath(string path)
    {
        var real = "/";
        foreach (var part in Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            FileSystemInfo info = Directory.Exists(real) ? new DirectoryInfo(real) : new FileInfo(real);
            if (info.LinkTarget is not null && info.ResolveLinkTarget(returnFinalTarget: true) is { } target)
            {
                real = RealPath(target.FullName);
            }
        }

        return real;
    }

    private static PackageArchive Write(List<(string Name, string Path)> files)
    {
        files.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, path) in files)
            {
                var entry = zip.CreateEntry(name, CompressionLevel.Optimal);
                var executable = (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != UnixFileMode.None;
                entry.LastWriteTime = EntryTime;
                entry.ExternalAttributes = (RegularFile | (executable ? ExecutableMode : PlainMode)) << 16;
                using var source = File.OpenRead(path);
                using var target = entry.Open();
                source.CopyTo(target);
            }
        }

        return new PackageArchive(buffer.ToArray(), files.Count);
    }
}
