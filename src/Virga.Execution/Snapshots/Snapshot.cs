namespace Virga.Execution.Snapshots;

/// <summary>The state of a freshly initialised function on disk, complete and verified.</summary>
/// <param name="Key">What it is a snapshot of.</param>
/// <param name="Directory">The folder of its image.</param>
/// <param name="Bytes">Its size on disk.</param>
/// <param name="CreatedAt">When it was taken.</param>
internal sealed record Snapshot(SnapshotKey Key, string Directory, long Bytes, DateTimeOffset CreatedAt);
