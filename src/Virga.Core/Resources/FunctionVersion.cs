using Virga.Core.Names;

namespace Virga.Core.Resources;

/// <summary>One immutable version of a function, ready to run. Compared by reference: one object per version is alive on a node.</summary>
public sealed class FunctionVersion
{
    /// <summary>The function.</summary>
    public required FunctionName Name { get; init; }

    /// <summary>Number of the version, counted from 1.</summary>
    public required int Version { get; init; }

    /// <summary>What the user asked for.</summary>
    public required FunctionSpec Spec { get; init; }

    /// <summary>Digest of the package that the worker loads: the uploaded one, or what its build made of it.</summary>
    public required string BuiltPackage { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}:{Version}";
}
