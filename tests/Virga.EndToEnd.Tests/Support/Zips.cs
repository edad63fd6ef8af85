using System.IO.Compression;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>Makes zips that no packer makes.</summary>
internal static class Zips
{
    // Type and permissions of a symbolic link, in the upper half of an entry's attributes (stat(2)).
    private const int LinkAttributes = unchecked((int)(0xA1FFu << 16));

    /// <summary>A zip with one file of any path.</summary>
    public static byte[] WithFile(string path, string content) => Make(path, content, 0);

    /// <summary>A zip with one symbolic link.</summary>
    public static byte[] WithLink(string path, string target) => Make(path, target, LinkAttributes);

    private static byte[] Make(string path, string content, int attributes)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            var entry = archive.CreateEntry(path);
            entry.ExternalAttributes = attributes;
            using var writer = new StreamWriter(entry.Open());
            writer.Write(content);
        }

        return zip.ToArray();
    }
}
