namespace Virga.Control.Packages;

/// <summary>
/// Where all nodes of a cluster keep their packages, each whole under its digest; a node's disk is a cache of it. There is PostgreSQL; an object store goes behind
/// the same interface.
/// </summary>
internal interface IPackageBlobs
{
    /// <summary>Whether the package is kept.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>cluster-unavailable</c>, as for all of these.</exception>
    ValueTask<bool> ContainsAsync(string digest, CancellationToken cancellation);

    /// <summary>Keeps a package, durably when this returns. One that is kept already counts as used now.</summary>
    Task StoreAsync(string digest, Stream zip, CancellationToken cancellation);

    /// <summary>Copies a package to a stream; false when it is not kept.</summary>
    Task<bool> ReadAsync(string digest, Stream zip, CancellationToken cancellation);

    /// <summary>Marks packages as used now, so that they are not collected before their function is stored.</summary>
    ValueTask TouchAsync(IReadOnlyCollection<string> digests, CancellationToken cancellation);

    /// <summary>The packages that were last used longer than <paramref name="age"/> ago.</summary>
    ValueTask<IReadOnlyList<string>> FindOlderThanAsync(TimeSpan age, CancellationToken cancellation);

    /// <summary>Removes packages. The caller knows that nothing uses them.</summary>
    ValueTask RemoveAsync(IReadOnlyCollection<string> digests, CancellationToken cancellation);
}
