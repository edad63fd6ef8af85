using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Virga.Core.Problems;

namespace Virga.Control.Packages;

/// <summary>Writes the files of one package into a folder of its own, counts them against the limits, and computes the digest of what it wrote.</summary>
internal sealed class PackageWriter(string root, PackageLimits limits)
{
    private const UnixFileMode FolderMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode FileMode644 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode FileMode755 = FolderMode;
    private const int RatioCheckedFrom = 1 << 20;

    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);
    private readonly List<(string Path, char Kind, string Content)> _entries = [];
    private readonly SymbolicLinks _links = new();
    private long _bytes;

    /// <summary>Writes one file; <paramref name="packedBytes"/> is what it took in the upload, or null when it was not packed.</summary>
    public async Task AddFileAsync(string path, Stream content, bool executable, long? packedBytes, CancellationToken cancellation)
    {
        Claim(path);
        var full = Path.Combine(root, path);
        CreateParent(path);
        var (length, hash) = await CopyAsync(path, content, full, packedBytes, cancellation);
        File.SetUnixFileMode(full, executable ? FileMode755 : FileMode644);
        _bytes += length;
        _entries.Add((path, executable ? 'x' : 'f', hash));
    }

    /// <summary>Notes a symbolic link; links are made last, so that nothing is ever written through one.</summary>
    public void AddLink(string path, string target)
    {
        Claim(path);
        _links.Add(path, target);
        _entries.Add((path, 'l', target));
    }

    /// <summary>Makes the links and says what the package is.</summary>
    public PackageInfo Finish()
    {
        _links.Check();
        foreach (var (path, target) in _links.Targets)
        {
            CreateParent(path);
            File.CreateSymbolicLink(Path.Combine(root, path), target);
        }

        if (_entries.Count == 0)
        {
            throw new ProblemException(KnownProblems.InvalidPackage("The package has no files.", "Put the function's source into it."));
        }

        return new PackageInfo(Digest(), _bytes, _entries.Count);
    }

    private string Digest()
    {
        // One line per entry, in the order of the paths' bytes. Folders do not count: with and without entries of their own, it is one package.
        _entries.Sort(static (a, b) => Encoding.UTF8.GetBytes(a.Path).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b.Path)));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, kind, content) in _entries)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{kind}\0{path}\0{content}\n")));
        }

        return PackageDigest.Prefix + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private async Task<(long Length, string Hash)> CopyAsync(string path, Stream content, string destination, long? packedBytes, CancellationToken cancellation)
    {
        await using var file = new FileStream(destination, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            var length = 0L;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellation)) > 0)
            {
                length += read;
                CheckSize(path, length, packedBytes);
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }

            return (length, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Counted while inflating: what a zip's headers say of sizes is its author's word.
    private void CheckSize(string path, long length, long? packedBytes)
    {
        if (_bytes + length > limits.MaxUnpackedBytes)
        {
            throw new ProblemException(KnownProblems.PackageTooLarge($"The package's files are more than {limits.MaxUnpackedBytes:N0} bytes when unpacked."));
        }

        if (packedBytes is { } packed && length > RatioCheckedFrom && length / Math.Max(packed, 1) > limits.MaxRatio)
        {
            throw PackagePath.Refused($"The entry '{PackagePath.Printable(path)}' unpacks to more than {limits.MaxRatio} times its packed size, as a zip bomb does.");
        }
    }

    private void Claim(string path)
    {
        if (!_paths.Add(path))
        {
            throw PackagePath.Refused($"The entry '{PackagePath.Printable(path)}' stands twice in the package.");
        }

        if (_folders.Contains(path))
        {
            throw PackagePath.Refused($"'{PackagePath.Printable(path)}' is both a file and a folder in the package.");
        }

        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var folder = path[..slash];
            if (_paths.Contains(folder))
            {
                throw PackagePath.Refused($"'{PackagePath.Printable(folder)}' is a file or link, and a folder as well, in the package.");
            }

            _folders.Add(folder);
        }

        if (_paths.Count > limits.MaxEntries)
        {
            throw new ProblemException(KnownProblems.PackageTooLarge($"The package has more than {limits.MaxEntries:N0} entries."));
        }
    }

    private void CreateParent(string path)
    {
        var slash = path.LastIndexOf('/');
        if (slash < 0)
        {
            return;
        }

        // Folder by folder, each with its mode whatever the process's umask is.
        for (var end = path.IndexOf('/', StringComparison.Ordinal); end >= 0 && end <= slash; end = path.IndexOf('/', end + 1))
        {
            var folder = Path.Combine(root, path[..end]);
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                File.SetUnixFileMode(folder, FolderMode);
            }
        }
    }
}
