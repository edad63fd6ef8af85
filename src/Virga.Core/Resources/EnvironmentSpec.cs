namespace Virga.Core.Resources;

/// <summary>What runs functions of one kind: a command that speaks the worker protocol, and the pool of its generic instances.</summary>
public sealed record EnvironmentSpec
{
    /// <summary>Command line of the worker: an absolute path and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>
    /// What comes between the command's program and its arguments in instances that can be snapshotted: options that make random numbers
    /// differ in clones.
    /// </summary>
    public IReadOnlyList<string> SnapshotArguments { get; init; } = [];

    /// <summary>Folders of the host that the sandbox shows read-only, as <c>host path → sandbox path</c>; the command's own files are among them.</summary>
    public IReadOnlyDictionary<string, string> Mounts { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Environment variables of the worker.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How a package becomes runnable at deploy.</summary>
    public PackageBuild Build { get; init; }

    /// <summary>How many generic warm instances are kept from the environment's first use on, at the least; 0 keeps none.</summary>
    public int PoolSize { get; init; } = 3;

    /// <summary>How many are kept at the most, when calls of new functions come often.</summary>
    public int MaxPoolSize { get; init; } = 10;

    /// <summary>Memory limit of a generic instance.</summary>
    public ByteSize Memory { get; init; } = ByteSize.FromMegabytes(128);
}
