using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>Moves the traffic of functions between their versions: first in the store, then in memory, then whoever runs the versions is told.</summary>
internal sealed class FunctionTraffic(
    IMetadataStore store, ChangeLog changes, FunctionCatalog catalog, IEnumerable<IFunctionLifecycleListener> listeners, VersionRetention retention)
{
    private readonly IFunctionLifecycleListener[] _listeners = [.. listeners];

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async ValueTask<StoredResource> RequireAsync(FunctionName name, CancellationToken cancellation)
    {
        var key = FunctionResources.KeyOf(name);
        return await store.FindAsync(key, cancellation)
            ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}.", "See `virga fn list`."));
    }

    /// <summary>Stores what a function is from now on, and directs its calls by it. The caller has the turn to change.</summary>
    /// <param name="name">The function.</param>
    /// <param name="current">What is stored now; null when it is new.</param>
    /// <param name="spec">Its spec as JSON.</param>
    /// <param name="status">Its new status.</param>
    /// <param name="added">A version that is new; null when traffic moves among known ones.</param>
    public async Task<StoredResource> MoveAsync(FunctionName name, StoredResource? current, string spec, FunctionStatus status, StoredFunctionVersion? added)
    {
        var pinned = status.PinnedVersions();
        var versions = await ReadVersionsAsync(name, pinned, added);
        var key = FunctionResources.KeyOf(name);
        var state = ControlJson.Serialize(status);
        var operations = new List<MetadataOperation>(3) { new MetadataOperation.Put(key, spec, state, current?.Version ?? 0) };
        if (added is not null)
        {
            operations.Add(new MetadataOperation.AddVersion(added));
        }

        operations.Add(new MetadataOperation.RetainVersions(name, pinned, retention.KeptVersions));
        var change = (await changes.CommitAsync(operations))[0];
        Retire(catalog.Put(name, status, number => FunctionCatalog.Materialise(versions[number])));
        return new StoredResource(key, change.Version, current?.CreatedAt ?? change.Time, change.Time, spec, state);
    }

    /// <summary>Takes a function that is no longer stored out of memory.</summary>
    public void Stop(FunctionName name) => Retire(catalog.Remove(name));

    private async ValueTask<Dictionary<int, StoredFunctionVersion>> ReadVersionsAsync(FunctionName name, IReadOnlyCollection<int> numbers, StoredFunctionVersion? added)
    {
        var versions = new Dictionary<int, StoredFunctionVersion>(numbers.Count);
        foreach (var number in numbers)
        {
            versions[number] = number == added?.Version
                ? added
                : await store.FindVersionAsync(name, number, CancellationToken.None)
                    ?? throw new ProblemException(KnownProblems.InvalidSpec($"The function '{name.Name}' has no version {number}.", $"See `virga fn versions {name.Name}`."));
        }

        return versions;
    }

    private void Retire(IReadOnlyCollection<FunctionVersion> versions)
    {
        foreach (var version in versions)
        {
            foreach (var listener in _listeners)
            {
                listener.VersionRetired(version);
            }
        }
    }
}
