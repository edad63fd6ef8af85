using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>One step of a commit.</summary>
public abstract record MetadataOperation
{
    private MetadataOperation()
    {
    }

    /// <summary>Makes a resource or replaces it.</summary>
    /// <param name="Key">Which one.</param>
    /// <param name="Spec">Its spec as JSON.</param>
    /// <param name="State">Its state as JSON.</param>
    /// <param name="ExpectedVersion">The version that it must have now; 0 when it must not exist; null when that does not matter.</param>
    public sealed record Put(ResourceKey Key, string Spec, string State, long? ExpectedVersion = null) : MetadataOperation;

    /// <summary>Takes a resource out.</summary>
    /// <param name="Key">Which one.</param>
    /// <param name="ExpectedVersion">The version that it must have now; null when that does not matter.</param>
    public sealed record Delete(ResourceKey Key, long? ExpectedVersion = null) : MetadataOperation;

    /// <summary>Adds a version of a function.</summary>
    /// <param name="Version">The version; its number must be new.</param>
    public sealed record AddVersion(StoredFunctionVersion Version) : MetadataOperation;

    /// <summary>Says which versions of a function aliases lead to, and drops all others but the newest.</summary>
    /// <param name="Function">The function.</param>
    /// <param name="Pinned">Numbers of the versions that aliases lead to.</param>
    /// <param name="Newest">How many of the newest versions are kept besides.</param>
    public sealed record RetainVersions(FunctionName Function, IReadOnlyCollection<int> Pinned, int Newest) : MetadataOperation;

    /// <summary>Drops every version of a function.</summary>
    /// <param name="Function">The function.</param>
    public sealed record DropVersions(FunctionName Function) : MetadataOperation;
}
