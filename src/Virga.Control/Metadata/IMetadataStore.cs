using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>
/// Keeps resources, the versions of functions, and the feed of changes. A commit is durable when it returns, and either all of it is kept or nothing.
/// Every implementation passes the same contract tests.
/// </summary>
public interface IMetadataStore : IAsyncDisposable
{
    /// <summary>Opens the store, checks it, and brings its schema up to date. Called once, before anything else.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>metadata-corrupted</c>.</exception>
    ValueTask OpenAsync(CancellationToken cancellation);

    /// <summary>One resource, or null.</summary>
    ValueTask<StoredResource?> FindAsync(ResourceKey key, CancellationToken cancellation);

    /// <summary>Resources of one kind and scope in ordinal order of their names, beginning after <paramref name="after"/>; at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<StoredResource>> ListAsync(ResourceKind kind, Scope scope, string? after, int limit, CancellationToken cancellation);

    /// <summary>Every resource of one kind, whatever its scope.</summary>
    IAsyncEnumerable<StoredResource> ReadAllAsync(ResourceKind kind, CancellationToken cancellation);

    /// <summary>One version of a function, or null.</summary>
    ValueTask<StoredFunctionVersion?> FindVersionAsync(FunctionName function, int version, CancellationToken cancellation);

    /// <summary>The kept versions of a function, newest first.</summary>
    ValueTask<IReadOnlyList<StoredFunctionVersion>> ListVersionsAsync(FunctionName function, CancellationToken cancellation);

    /// <summary>Every version that an alias leads to, of every function.</summary>
    IAsyncEnumerable<StoredFunctionVersion> ReadPinnedVersionsAsync(CancellationToken cancellation);

    /// <summary>The digests of all packages, uploaded and built, that a kept version uses.</summary>
    ValueTask<IReadOnlySet<string>> ReadUsedPackagesAsync(CancellationToken cancellation);

    /// <summary>Carries out all operations in order, with their entries in the change feed, or none of them.</summary>
    /// <returns>For each <see cref="MetadataOperation.Put"/> and <see cref="MetadataOperation.Delete"/>, in order, its change.</returns>
    /// <exception cref="Core.Problems.ProblemException"><c>stale-version</c>, <c>conflict</c>, <c>not-found</c> when an expectation does not hold; <c>storage-full</c>.</exception>
    ValueTask<IReadOnlyList<Change>> CommitAsync(IReadOnlyList<MetadataOperation> operations, CancellationToken cancellation);

    /// <summary>Changes after a sequence number, oldest first, at most <paramref name="limit"/>.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>changes-lost</c> when some of them are no longer kept; not when <paramref name="after"/> is 0.</exception>
    ValueTask<IReadOnlyList<Change>> ReadChangesAsync(long after, int limit, CancellationToken cancellation);

    /// <summary>The sequence number of the newest change; 0 when there is none.</summary>
    ValueTask<long> NewestChangeAsync(CancellationToken cancellation);

    /// <summary>Waits until no other process that shares the store is about to change it, and keeps all of them from it until the result is disposed.</summary>
    ValueTask<IDisposable> EnterAsync(CancellationToken cancellation);
}
