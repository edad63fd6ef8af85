using System.Buffers;
using System.Collections.Concurrent;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Storage;

namespace Virga.Control.Packages;

/// <summary>
/// Packages on this node's disk: <c>packages/sha256/HEX/</c> holds the files of one, unpacked. Uploads and builds are prepared under <c>packages/incoming/</c>, made durable and
/// then renamed to their place, so that a package is either there as a whole or not at all. In a cluster all nodes share the packages: each is stored for all
/// before it is acknowledged, and the disk is a cache.
/// </summary>
public sealed class PackageStore : IPackageDirectory
{
    private readonly string _packages;
    private readonly string _incoming;
    private readonly PackageLimits _limits;
    private readonly TimeProvider _time;
    private readonly IPackageBlobs? _shared;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _fetching = new(StringComparer.Ordinal);

    /// <param name="folder">The node's data folder.</param>
    /// <param name="limits">What a package may be at most.</param>
    /// <param name="time">The clock by which packages grow old.</param>
    public PackageStore(string folder, PackageLimits limits, TimeProvider time)
        : this(folder, limits, time, shared: null)
    {
    }

    /// <param name="folder">The node's data folder.</param>
    /// <param name="limits">What a package may be at most.</param>
    /// <param name="time">The clock by which packages grow old.</param>
    /// <param name="shared">Where the cluster keeps packages; null for a node alone.</param>
    internal PackageStore(string folder, PackageLimits limits, TimeProvider time, IPackageBlobs? shared)
    {
        _packages = Path.Combine(folder, "packages", "sha256");
        _incoming = Path.Combine(folder, "packages", "incoming");
        _limits = limits;
        _time = time;
        _shared = shared;
    }

    /// <summary>Makes the folders, and removes what an earlier process left half done.</summary>
    public void Open()
    {
        if (Directory.Exists(_incoming))
        {
            Directory.Delete(_incoming, recursive: true);
        }

        Directory.CreateDirectory(_incoming);
        Directory.CreateDirectory(_packages);
    }

    /// <inheritdoc/>
    public ValueTask<string> GetPathAsync(string digest, CancellationToken cancellation) => IsHere(digest) ? ValueTask.FromResult(PathOf(digest)) : FetchAsync(digest, cancellation);

    /// <summary>Whether the package can be used: it is on this node, or its cluster keeps it.</summary>
    public ValueTask<bool> ContainsAsync(string digest, CancellationToken cancellation) =>
        IsHere(digest) ? ValueTask.FromResult(true) : _shared is null || !PackageDigest.IsValid(digest) ? ValueTask.FromResult(false) : _shared.ContainsAsync(digest, cancellation);

    /// <summary>Takes an upload of a zip.</summary>
    /// <exception cref="ProblemException"><c>package-too-large</c>, <c>invalid-package</c>, <c>storage-full</c>.</exception>
    public Task<PackageInfo> AddZipAsync(Stream upload, CancellationToken cancellation) => ReceiveAsync(
        upload,
        (zip, writer) => ZipUnpacker.UnpackAsync(zip, writer, _limits, cancellation),
        cancellation);

    /// <summary>Takes an upload of one file; it is executable when it begins as a script or a program does.</summary>
    /// <exception cref="ProblemException"><c>package-too-large</c>, <c>invalid-package</c>, <c>storage-full</c>.</exception>
    public Task<PackageInfo> AddFileAsync(string name, Stream upload, CancellationToken cancellation)
    {
        PackagePath.Check(name);
        if (name.Contains('/', StringComparison.Ordinal))
        {
            throw PackagePath.Refused($"'{PackagePath.Printable(name)}' is no plain file name.");
        }

        return ReceiveAsync(
            upload,
            async (file, writer) =>
            {
                var start = new byte[4];
                var length = await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellation);
                file.Position = 0;
                await writer.AddFileAsync(name, file, IsProgram(start.AsSpan(0, length)), packedBytes: null, cancellation);
            },
            cancellation);
    }

    /// <summary>Takes what <paramref name="produce"/> leaves in the folder that it is given.</summary>
    /// <exception cref="ProblemException"><c>invalid-package</c>, <c>package-too-large</c>, <c>storage-full</c>, or what <paramref name="produce"/> throws.</exception>
    public async Task<PackageInfo> AddProducedAsync(Func<string, Task> produce, CancellationToken cancellation)
    {
        var work = CreateWorkFolder();
        try
        {
            var produced = Directory.CreateDirectory(Path.Combine(work, "produced")).FullName;
            await produce(produced);
            return await StoreAsync(work, writer => CopyTreeAsync(produced, produced, writer, cancellation), cancellation);
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            throw Full(exception);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>Marks packages as used now, so that they are not collected before their function is stored.</summary>
    public ValueTask TouchAsync(IReadOnlyCollection<string> digests, CancellationToken cancellation)
    {
        foreach (var digest in digests)
        {
            if (IsHere(digest))
            {
                Directory.SetLastWriteTimeUtc(PathOf(digest), _time.GetUtcNow().UtcDateTime);
            }
        }

        return _shared?.TouchAsync(digests, cancellation) ?? ValueTask.CompletedTask;
    }

    /// <summary>The packages that were last used longer than <paramref name="age"/> ago: those of the cluster, or of this node when it is alone.</summary>
    public async ValueTask<IReadOnlyList<string>> FindOlderThanAsync(TimeSpan age, CancellationToken cancellation) =>
        _shared is null ? FindHereOlderThan(age) : await _shared.FindOlderThanAsync(age, cancellation);

    /// <summary>The packages on this node's disk that were last used longer than <paramref name="age"/> ago.</summary>
    public IReadOnlyList<string> FindHereOlderThan(TimeSpan age)
    {
        var limit = _time.GetUtcNow().UtcDateTime - age;
        return [.. Directory.EnumerateDirectories(_packages).Where(folder => Directory.GetLastWriteTimeUtc(folder) < limit).Select(folder => PackageDigest.Prefix + Path.GetFileName(folder))];
    }

    /// <summary>Removes packages, also from where the cluster keeps them. The caller knows that nothing uses them.</summary>
    public async ValueTask RemoveAsync(IReadOnlyCollection<string> digests, CancellationToken cancellation)
    {
        if (_shared is not null)
        {
            await _shared.RemoveAsync(digests, cancellation);
        }

        foreach (var digest in digests)
        {
            if (IsHere(digest))
            {
                RemoveHere(digest);
            }
        }
    }

    /// <summary>Removes a package's files from this node.</summary>
    public void RemoveHere(string digest)
    {
        // Renamed first: a reader finds the whole package or none.
        var doomed = Path.Combine(CreateWorkFolder(), "removed");
        Directory.Move(PathOf(digest), doomed);
        Directory.Delete(Path.GetDirectoryName(doomed)!, recursive: true);
    }

    private static bool IsProgram(ReadOnlySpan<byte> start) => start.StartsWith("#!"u8) || start.StartsWith("\u007fELF"u8);

    // Folder by folder: the framework's own recursion would follow links.
    private static async Task CopyTreeAsync(string root, string folder, PackageWriter writer, CancellationToken cancellation)
    {
        foreach (var item in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            var path = Path.GetRelativePath(root, item.FullName);
            PackagePath.Check(path);
            if (item.LinkTarget is { } target)
            {
                writer.AddLink(path, target);
            }
            else if (item is FileInfo file)
            {
                await using var content = file.OpenRead();
                await writer.AddFileAsync(path, content, file.UnixFileMode.HasFlag(UnixFileMode.UserExecute), packedBytes: null, cancellation);
            }
            else
            {
                await CopyTreeAsync(root, item.FullName, writer, cancellation);
            }
        }
    }

    private static ProblemException Full(IOException exception) => new(KnownProblems.StorageFull($"The package could not be stored: {exception.Message}"), exception);

    private static FileStream CreateFile(string work, string name) => new(Path.Combine(work, name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);

    private bool IsHere(string digest) => PackageDigest.IsValid(digest) && Directory.Exists(PathOf(digest));

    // Calls that need the same package wait for one copy of it.
    private async ValueTask<string> FetchAsync(string digest, CancellationToken cancellation)
    {
        if (_shared is null || !PackageDigest.IsValid(digest))
        {
            throw Missing(digest);
        }

        var turn = _fetching.GetOrAdd(digest, static _ => new SemaphoreSlim(1, 1));
        await turn.WaitAsync(cancellation);
        try
        {
            if (!IsHere(digest))
            {
                await FetchAsync(_shared, digest, cancellation);
            }

            return PathOf(digest);
        }
        finally
        {
            turn.Release();
            _fetching.TryRemove(new KeyValuePair<string, SemaphoreSlim>(digest, turn));
        }
    }

    private async Task FetchAsync(IPackageBlobs shared, string digest, CancellationToken cancellation)
    {
        var work = CreateWorkFolder();
        try
        {
            await using var zip = CreateFile(work, "fetched");
            if (!await shared.ReadAsync(digest, zip, cancellation))
            {
                throw Missing(digest);
            }

            zip.Position = 0;
            var package = await KeepAsync(work, writer => ZipUnpacker.UnpackAsync(zip, writer, _limits, cancellation));
            if (package.Digest != digest)
            {
                throw new ProblemException(KnownProblems.Internal($"The package '{digest}' came from the cluster's database as '{package.Digest}'."));
            }
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            throw Full(exception);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static ProblemException Missing(string digest) =>
        new(KnownProblems.NotFound($"The package '{Core.Names.ResourceName.Shorten(digest)}' is not on this node.", "Deploy the function again, which uploads it."));

    private async Task<PackageInfo> ReceiveAsync(Stream upload, Func<FileStream, PackageWriter, Task> unpack, CancellationToken cancellation)
    {
        var work = CreateWorkFolder();
        try
        {
            await using var file = CreateFile(work, "upload");
            await SaveAsync(upload, file, cancellation);
            file.Position = 0;
            return await StoreAsync(work, writer => unpack(file, writer), cancellation);
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            throw Full(exception);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private async Task SaveAsync(Stream upload, FileStream file, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            int read;
            while ((read = await upload.ReadAsync(buffer, cancellation)) > 0)
            {
                if (file.Position + read > _limits.MaxUploadBytes)
                {
                    throw new ProblemException(KnownProblems.PackageTooLarge($"The upload is larger than {_limits.MaxUploadBytes:N0} bytes."));
                }

                await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<PackageInfo> StoreAsync(string work, Func<PackageWriter, Task> write, CancellationToken cancellation)
    {
        var package = await KeepAsync(work, write);
        if (_shared is not null && !await _shared.ContainsAsync(package.Digest, cancellation))
        {
            await using var zip = CreateFile(work, "shared");
            await PackageZip.WriteAsync(PathOf(package.Digest), zip, cancellation);
            zip.Position = 0;
            await _shared.StoreAsync(package.Digest, zip, cancellation);
        }

        await TouchAsync([package.Digest], cancellation);
        return package;
    }

    private async Task<PackageInfo> KeepAsync(string work, Func<PackageWriter, Task> write)
    {
        var files = Directory.CreateDirectory(Path.Combine(work, "files")).FullName;
        File.SetUnixFileMode(files, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        var writer = new PackageWriter(files, _limits);
        await write(writer);
        var package = writer.Finish();
        var place = PathOf(package.Digest);
        if (!Directory.Exists(place))
        {
            FileSystemSync.SyncTree(files);
            Publish(files, place);
        }

        // Also when it was there already: the upload that brought it may not have come so far yet, and this one is acknowledged now.
        FileSystemSync.SyncFolder(_packages);
        return package;
    }

    private static void Publish(string files, string place)
    {
        try
        {
            Directory.Move(files, place);
        }
        catch (IOException) when (Directory.Exists(place))
        {
            // Another upload of the same files was faster; both leave the same package.
        }
    }

    private string CreateWorkFolder() => Directory.CreateDirectory(Path.Combine(_incoming, Path.GetRandomFileName())).FullName;

    private string PathOf(string digest) => Path.Combine(_packages, PackageDigest.HexOf(digest));
}
