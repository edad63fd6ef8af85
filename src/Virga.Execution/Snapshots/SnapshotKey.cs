namespace Virga.Execution.Snapshots;

/// <summary>Which snapshot: two keys are equal when a clone made for the one is right for the other.</summary>
/// <param name="Digest">SHA-256 of all that the worker's state depends on, in lower-case hexadecimal digits.</param>
internal sealed record SnapshotKey(string Digest)
{
    /// <summary>The function version, for people.</summary>
    public required string Function { get; init; }

    /// <summary>How long the snapshot is kept after its last use.</summary>
    public required TimeSpan Keep { get; init; }

    public bool Equals(SnapshotKey? other) => other is not null && string.Equals(Digest, other.Digest, StringComparison.Ordinal);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Digest);
}
