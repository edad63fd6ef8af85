using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Execution.Snapshots;

/// <summary>What a snapshot says of itself; written last, so that one without it was never finished.</summary>
/// <param name="Format">Version of this format.</param>
/// <param name="Key">The digest of what it is a snapshot of.</param>
/// <param name="Function">The function version, for people.</param>
/// <param name="Runtime">The program that wrote it.</param>
/// <param name="Created">When.</param>
/// <param name="Keep">How long it is kept after its last use.</param>
/// <param name="Files">The files of its image.</param>
internal sealed record SnapshotManifest(int Format, string Key, string Function, string Runtime, DateTimeOffset Created, TimeSpan Keep, IReadOnlyList<SnapshotFile> Files)
{
    internal const int CurrentFormat = 1;
    internal const string FileName = "manifest.json";

    internal long Bytes => Files.Sum(file => file.Size);

    /// <summary>The manifest in a snapshot's folder; null when there is none that can be read.</summary>
    internal static SnapshotManifest? Read(string directory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(directory, FileName)), SnapshotJson.Default.SnapshotManifest) is { Format: CurrentFormat, Key: not null, Runtime: not null, Files: not null } manifest
                ? manifest
                : null;
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the manifest to disk for certain.</summary>
    internal void Write(string directory)
    {
        using FileStream file = File.Create(Path.Combine(directory, FileName));
        JsonSerializer.Serialize(file, this, SnapshotJson.Default.SnapshotManifest);
        file.Flush(flushToDisk: true);
    }
}

/// <summary>A file of an image.</summary>
internal sealed record SnapshotFile(string Name, long Size, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SnapshotManifest))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
