using Virga.Control.Metadata;

namespace Virga.Control.Changes;

/// <summary>
/// Brings one kind of resource in memory up to what the store holds, after another node has changed it. Whoever registers one is called by the one who has the
/// turn. What it does twice is the same as once.
/// </summary>
internal interface IResourceFollower
{
    /// <summary>Which kind.</summary>
    ResourceKind Kind { get; }

    /// <summary>The resources of the kind that are in memory.</summary>
    IReadOnlyCollection<ResourceKey> Known();

    /// <summary>Puts in force what is stored now.</summary>
    /// <param name="key">Which resource.</param>
    /// <param name="stored">What the store holds; null when there is no such resource.</param>
    /// <param name="isAnother">Whether the resource may be another one of the same name: it was deleted in between.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    ValueTask FollowAsync(ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation);
}
