using System.IO.Compression;
using System.Text;
using Virga.Core.Problems;

namespace Virga.Control.Packages;

/// <summary>Takes an uploaded zip apart, trusting nothing in it.</summary>
internal static class ZipUnpacker
{
    // Unix mode bits, in the upper half of a zip entry's external attributes (stat(2)).
    private const int TypeMask = 0xF000;
    private const int LinkType = 0xA000;
    private const int FolderType = 0x4000;
    private const int FileType = 0x8000;
    private const int ExecuteBits = 0x49;
    private const int MaxLinkBytes = 1024;

    public static async Task UnpackAsync(Stream zip, PackageWriter writer, PackageLimits limits, CancellationToken cancellation)
    {
        try
        {
            // Counted first: the archive makes an object of every entry before it says how many there are.
            if (ZipDirectory.HasMoreEntriesThan(zip, limits.MaxEntries))
            {
                throw new ProblemException(KnownProblems.PackageTooLarge($"The package has more than {limits.MaxEntries:N0} entries."));
            }

            using var archive = new ZipArchive(zip, ZipArchiveMode.Read, leaveOpen: true, Encoding.UTF8);
            foreach (var entry in archive.Entries)
            {
                await UnpackAsync(entry, writer, cancellation);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or NotSupportedException)
        {
            throw new ProblemException(KnownProblems.InvalidPackage($"The upload is no readable zip: {exception.Message}", "Send a zip, or a single source file with ?file=NAME."), exception);
        }
    }

    private static async Task UnpackAsync(ZipArchiveEntry entry, PackageWriter writer, CancellationToken cancellation)
    {
        var path = entry.FullName;
        PackagePath.Check(path);
        var mode = entry.ExternalAttributes >>> 16;
        var type = mode & TypeMask;
        if (path.EndsWith('/') || type == FolderType)
        {
            return;
        }

        await using var content = await entry.OpenAsync(cancellation);
        switch (type)
        {
            case LinkType:
                writer.AddLink(path, await ReadTargetAsync(path, content, cancellation));
                break;
            case FileType or 0:
                await writer.AddFileAsync(path, content, (mode & ExecuteBits) != 0, entry.CompressedLength, cancellation);
                break;
            default:
                throw PackagePath.Refused($"The entry '{PackagePath.Printable(path)}' is neither a file, a folder nor a link.");
        }
    }

    private static async Task<string> ReadTargetAsync(string path, Stream content, CancellationToken cancellation)
    {
        var buffer = new byte[MaxLinkBytes + 1];
        var length = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return length <= MaxLinkBytes
            ? Encoding.UTF8.GetString(buffer, 0, length)
            : throw PackagePath.Refused($"The link '{PackagePath.Printable(path)}' has a target of more than {MaxLinkBytes:N0} bytes.");
    }
}
