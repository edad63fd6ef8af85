using Virga.Control.Builds;
using Virga.Control.Functions;
using Virga.Control.Packages;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control;

/// <summary>How a node's control plane is set up.</summary>
public sealed record ControlOptions
{
    /// <summary>The node's data folder; it exists, and this process alone uses it.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>How Npgsql reaches the database that the node shares with its cluster; null for a node alone, which keeps everything in its data folder.</summary>
    public string? ClusterConnectionString { get; init; }

    /// <summary>Bytes that an uploaded package may have.</summary>
    public long MaxPackageBytes { get; init; } = new PackageLimits().MaxUploadBytes;

    /// <summary>Which old versions of functions are kept.</summary>
    public VersionRetention VersionRetention { get; init; } = new();

    /// <summary>How long a package that no function uses is kept.</summary>
    public TimeSpan PackageRetention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How often packages that no function uses are looked for.</summary>
    public TimeSpan CollectionInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Where the compilers are.</summary>
    public BuildOptions BuildOptions { get; init; } = new();

    /// <summary>How strongly functions are to be kept apart at least; a spec that asks for less is refused.</summary>
    public IsolationMinimums Isolation { get; init; } = new();

    /// <summary>Why the node has no topics, which is the answer to whoever makes a trigger or a stream function; null where it has.</summary>
    public Problem? TopicsMissing { get; init; }

    /// <summary>How long a deployment waits for what its version keeps warm before it takes traffic.</summary>
    public TimeSpan PrepareTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The environments that come with Virga.</summary>
    public IReadOnlyDictionary<string, EnvironmentSpec> BuiltInEnvironments { get; init; } = new Dictionary<string, EnvironmentSpec>(StringComparer.Ordinal);
}
