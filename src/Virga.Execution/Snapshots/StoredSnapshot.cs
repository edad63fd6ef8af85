namespace Virga.Execution.Snapshots;

/// <summary>A snapshot in its folder, and what this node run knows of its state.</summary>
internal sealed class StoredSnapshot(string directory, SnapshotManifest manifest)
{
    private readonly Lock _verifying = new();
    private SnapshotImage? _image;

    internal string Directory { get; } = directory;

    internal SnapshotManifest Manifest { get; } = manifest;

    private string ManifestPath => Path.Combine(Directory, SnapshotManifest.FileName);

    internal DateTimeOffset LastUse => new(File.GetLastWriteTimeUtc(ManifestPath), TimeSpan.Zero);

    /// <summary>Notes that it is used.</summary>
    internal void Use(DateTimeOffset now)
    {
        try
        {
            File.SetLastWriteTimeUtc(ManifestPath, now.UtcDateTime);
        }
        catch (IOException)
        {
            return; // Removed a moment ago.
        }
    }

    /// <summary>Why it cannot be restored; null when it is what it was.</summary>
    /// <param name="runtime">The program that would restore it.</param>
    internal string? Damage(string runtime)
    {
        if (!string.Equals(Manifest.Runtime, runtime, StringComparison.Ordinal))
        {
            return "it was written by another version of gVisor";
        }

        lock (_verifying)
        {
            if (_image is not null)
            {
                return _image.IsUnchanged() ? null : "its files have changed";
            }

            _image = SnapshotImage.Verify(Directory, Manifest);
            return _image is null ? "its files are damaged" : null;
        }
    }
}
