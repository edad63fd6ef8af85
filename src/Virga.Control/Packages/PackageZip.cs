using System.IO.Compression;
using System.Text;

namespace Virga.Control.Packages;

/// <summary>Packs a package's folder as a zip that <see cref="ZipUnpacker"/> takes apart into the same package.</summary>
internal static class PackageZip
{
    // Unix mode bits, in the upper half of a zip entry's external attributes (stat(2)).
    private const int File = 0x8000 | 0x1A4;
    private const int Program = 0x8000 | 0x1ED;
    private const int Link = 0xA000 | 0x1FF;

    /// <summary>Writes the zip, uncompressed: what keeps it compresses as it likes.</summary>
    public static async Task WriteAsync(string folder, Stream zip, CancellationToken cancellation)
    {
        await using var archive = await ZipArchive.CreateAsync(zip, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, cancellation);
        await AddFolderAsync(archive, folder, folder, cancellation);
    }

    // Folder by folder: the framework's own recursion would follow links.
    private static async Task AddFolderAsync(ZipArchive archive, string root, string folder, CancellationToken cancellation)
    {
        foreach (var item in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            var path = Path.GetRelativePath(root, item.FullName);
            if (item.LinkTarget is { } target)
            {
                using var content = new MemoryStream(Encoding.UTF8.GetBytes(target));
                await AddAsync(archive, path, Link, content, cancellation);
            }
            else if (item is FileInfo file)
            {
                await using var content = file.OpenRead();
                await AddAsync(archive, path, file.UnixFileMode.HasFlag(UnixFileMode.UserExecute) ? Program : File, content, cancellation);
            }
            else
            {
                await AddFolderAsync(archive, root, item.FullName, cancellation);
            }
        }
    }

    private static async Task AddAsync(ZipArchive archive, string path, int mode, Stream content, CancellationToken cancellation)
    {
        var entry = archive.CreateEntry(path, CompressionLevel.NoCompression);
        entry.ExternalAttributes = mode << 16;
        await using var output = await entry.OpenAsync(cancellation);
        await content.CopyToAsync(output, cancellation);
    }
}
