using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Virga.Cli.Failures;

namespace Virga.Cli.Packaging;

/// <summary>
/// What a node will call a package: the hash of its entries' kinds, paths and contents, in the order of the paths' bytes. Known
/// before anything is sent, it tells whether a package is there already and whether a plan would change a function.
/// </summary>
internal static class PackageDigest
{
    private const int KindMask = 0xF000;
    private const int LinkKind = 0xA000;
    private const int ExecuteBits = 0x49; // 0111

    /// <summary>The digest of a zip file's content.</summary>
    /// <exception cref="UsageException">It is no zip file.</exception>
    public static string Of(ReadOnlyMemory<byte> zip)
    {
        try
        {
            using var archive = new ZipArchive(new MemoryStream(zip.ToArray()), ZipArchiveMode.Read);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var entries = archive.Entries.Where(entry => !entry.FullName.EndsWith('/')).Select(Line);
            foreach (var (_, line) in entries.OrderBy(entry => entry.Path, Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b))))
            {
                hash.AppendData(line);
            }

            return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (InvalidDataException)
        {
            throw new UsageException("The package is no zip file that can be read.", "Make it anew, or deploy the folder itself.");
        }
    }

    private static (byte[] Path, byte[] Line) Line(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        var mode = entry.ExternalAttributes >> 16;
        var isLink = (mode & KindMask) == LinkKind;
        string content;
        if (isLink)
        {
            using var reader = new StreamReader(stream);
            content = reader.ReadToEnd();
        }
        else
        {
            content = Convert.ToHexStringLower(SHA256.HashData(stream));
        }

        var kind = isLink ? 'l' : (mode & ExecuteBits) != 0 ? 'x' : 'f';
        return (Encoding.UTF8.GetBytes(entry.FullName), Encoding.UTF8.GetBytes($"{kind}\0{entry.FullName}\0{content}\n"));
    }
}
