using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Packages;

/// <summary>Takes, shows and deletes packages, and collects those that nothing uses.</summary>
internal sealed class PackageService(IMetadataStore store, ChangeLog changes, PackageStore packages)
{
    /// <summary>Takes an upload: a zip, or the file that <paramref name="fileName"/> names.</summary>
    /// <exception cref="ProblemException"><c>invalid-package</c>, <c>package-too-large</c>, <c>storage-full</c>; <c>unavailable</c> when it was collected at once.</exception>
    public async Task<PutResult<PackageDocument>> AddAsync(Scope scope, Stream upload, string? fileName, CancellationToken cancellation)
    {
        var info = fileName is null ? await packages.AddZipAsync(upload, cancellation) : await packages.AddFileAsync(fileName, upload, cancellation);
        using var turn = await changes.EnterAsync(cancellation);
        if (!await packages.ContainsAsync(info.Digest, cancellation))
        {
            // The collector had the turn between the upload and here.
            throw new ProblemException(KnownProblems.Unavailable("The package was collected while it was uploaded.", "Upload it again."));
        }

        await packages.TouchAsync([info.Digest], cancellation);
        var key = KeyOf(scope, info.Digest);
        if (await store.FindAsync(key, cancellation) is { } known)
        {
            return new(PackageDocument.From(known), Created: false);
        }

        var spec = ControlJson.Serialize(new PackageSpec(info.Size, info.Files));
        var change = (await changes.CommitAsync([new MetadataOperation.Put(key, spec, "{}", 0)]))[0];
        return new(PackageDocument.From(new StoredResource(key, change.Version, change.Time, change.Time, spec, "{}")), Created: true);
    }

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async Task<PackageDocument> GetAsync(Scope scope, string digest, CancellationToken cancellation)
    {
        var key = KeyOf(scope, digest);
        var stored = await store.FindAsync(key, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}."));

        // Clients ask before they upload: files that were lost must be sent again.
        return await packages.ContainsAsync(digest, cancellation)
            ? PackageDocument.From(stored)
            : throw new ProblemException(KnownProblems.NotFound($"The files of {key} are not on this node.", "Upload it again."));
    }

    public async Task<ResourcePage<PackageDocument>> ListAsync(Scope scope, string? after, int limit, CancellationToken cancellation) =>
        ResourcePage<PackageDocument>.From(await store.ListAsync(ResourceKind.Package, scope, after, limit + 1, cancellation), limit, PackageDocument.From);

    /// <summary>Deletes a package that no function version uses. Its files go with the next collection.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>conflict</c> while it is used.</exception>
    public async Task DeleteAsync(Scope scope, string digest, CancellationToken cancellation)
    {
        using var turn = await changes.EnterAsync(cancellation);
        var key = KeyOf(scope, digest);
        if (await store.FindAsync(key, cancellation) is null)
        {
            throw new ProblemException(KnownProblems.NotFound($"There is no {key}."));
        }

        if ((await store.ReadUsedPackagesAsync(cancellation)).Contains(digest))
        {
            throw new ProblemException(KnownProblems.Conflict($"The {key} is used by a version of a function.", "Delete the function, or wait until its old versions are dropped."));
        }

        await changes.CommitAsync([new MetadataOperation.Delete(key)]);
    }

    /// <summary>Removes the packages that no function version uses and that nobody uploaded, built or deployed for <paramref name="age"/>.</summary>
    /// <returns>How many were removed.</returns>
    public async Task<int> CollectAsync(TimeSpan age, CancellationToken cancellation)
    {
        using var turn = await changes.EnterAsync(cancellation);
        var used = await store.ReadUsedPackagesAsync(cancellation);
        var doomed = (await packages.FindOlderThanAsync(age, cancellation)).Where(digest => !used.Contains(digest)).ToHashSet(StringComparer.Ordinal);
        var rows = new List<MetadataOperation>();
        await foreach (var stored in store.ReadAllAsync(ResourceKind.Package, cancellation))
        {
            if (doomed.Contains(stored.Key.Name))
            {
                rows.Add(new MetadataOperation.Delete(stored.Key));
            }
        }

        if (rows.Count > 0)
        {
            await changes.CommitAsync(rows);
        }

        await packages.RemoveAsync(doomed, cancellation);

        // What another node has collected, and what only this node's disk still has.
        foreach (var digest in packages.FindHereOlderThan(age))
        {
            if (!used.Contains(digest))
            {
                packages.RemoveHere(digest);
            }
        }

        return doomed.Count;
    }

    private static ResourceKey KeyOf(Scope scope, string digest) => PackageDigest.IsValid(digest)
        ? new ResourceKey(ResourceKind.Package, scope, digest)
        : throw new ProblemException(KnownProblems.InvalidName($"'{PackagePath.Printable(digest)}' is no digest of a package: sha256: and 64 hexadecimal digits.") with { Fix = "Use the digest that the upload answered with." });
}
