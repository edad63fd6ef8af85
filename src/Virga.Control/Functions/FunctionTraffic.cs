using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>
/// Changes functions, and moves their traffic between versions: what a version keeps warm is made ready first, then the change goes into the store, then into
/// memory, then whoever runs the versions is told.
/// </summary>
internal sealed class FunctionTraffic(
    IMetadataStore store,
    ChangeLog changes,
    FunctionCatalog catalog,
    IEnumerable<IFunctionLifecycleListener> listeners,
    VersionRetention retention,
    ControlOptions options,
    TimeProvider time)
{
    private readonly IFunctionLifecycleListener[] _listeners = [.. listeners];

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async ValueTask<StoredResource> RequireAsync(FunctionName name, CancellationToken cancellation)
    {
        var key = FunctionResources.KeyOf(name);
        return Require(key, await store.FindAsync(key, cancellation));
    }

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public static StoredResource Require(ResourceKey key, StoredResource? found) =>
        found ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}.", "See `virga fn list`."));

    /// <summary>
    /// Changes a function as <paramref name="decide"/> says, who is given what is stored now (null when there is no such function) and gives null to leave it as it
    /// is. It is asked again after versions have been made ready, since others may change the function meanwhile: nobody waits for that but the caller.
    /// </summary>
    /// <exception cref="ProblemException">What <paramref name="decide"/> throws, and what keeps a version from being made ready. Nothing has changed then.</exception>
    public async Task<(StoredResource Stored, bool Created)> ChangeAsync(FunctionName name, Func<StoredResource?, ValueTask<FunctionMove?>> decide, CancellationToken cancellation)
    {
        var key = FunctionResources.KeyOf(name);
        var ready = new List<FunctionVersion>();
        try
        {
            while (true)
            {
                FunctionVersion[] unready;
                using (await changes.EnterAsync(cancellation))
                {
                    var current = await store.FindAsync(key, cancellation);
                    if (await decide(current) is not { } move)
                    {
                        return (Require(key, current), Created: false);
                    }

                    var before = current is null ? null : FunctionResources.StatusOf(current);
                    if (before is not null && move.Added is null && move.Status.LeadsAs(before))
                    {
                        return (await ChangeInPlaceAsync(name, current!, move), Created: false);
                    }

                    var arriving = await FindArrivingAsync(name, before, move, ready, cancellation);
                    unready = [.. arriving.Values.Except(ready)];
                    if (unready.Length == 0)
                    {
                        var stored = await MoveAsync(name, current, move, arriving);
                        ready.RemoveAll(arriving.ContainsValue);
                        return (stored, Created: current is null);
                    }
                }

                ready.AddRange(unready);
                await PrepareAsync(name, unready, cancellation);
            }
        }
        finally
        {
            await RetireUnusedAsync(name, ready);
        }
    }

    // What was made ready and takes no traffic after all. Somebody else may have moved traffic to it meanwhile.
    private async Task RetireUnusedAsync(FunctionName name, IReadOnlyCollection<FunctionVersion> ready)
    {
        if (ready.Count == 0)
        {
            return;
        }

        using (await changes.EnterAsync(CancellationToken.None))
        {
            Retire([.. ready.Except(catalog.VersionsWithTraffic(name))]);
        }
    }

    /// <summary>
    /// Puts in force what another node has stored. A version that has been dropped since is left out with all of this change: the one that dropped it is in the feed
    /// as well.
    /// </summary>
    /// <param name="name">The function.</param>
    /// <param name="status">Its status as it is stored now.</param>
    /// <param name="isAnother">Whether the function may be another one of the same name, whose versions have the same numbers.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <returns>The versions that take traffic now and did not before.</returns>
    public async ValueTask<IReadOnlyCollection<FunctionVersion>> FollowAsync(FunctionName name, FunctionStatus status, bool isAnother, CancellationToken cancellation)
    {
        var arriving = new Dictionary<int, FunctionVersion>();
        foreach (var number in status.PinnedVersions())
        {
            var known = catalog.FindLoaded(name, number);
            if (known is not null && !isAnother)
            {
                continue;
            }

            if (await store.FindVersionAsync(name, number, cancellation) is not { } stored)
            {
                return [];
            }

            var found = FunctionCatalog.Materialise(stored);
            if (known is null || known.BuiltPackage != found.BuiltPackage || ControlJson.Serialize(known.Spec) != ControlJson.Serialize(found.Spec))
            {
                arriving[number] = found;
            }
        }

        PutInForce(name, status, arriving);
        return arriving.Values;
    }

    /// <summary>Takes a function that is no longer stored out of memory.</summary>
    public void Stop(FunctionName name) => Retire(catalog.Remove(name));

    /// <summary>Tells whoever runs functions of the versions that keep instances without calls: when a node has started.</summary>
    public void AnnounceKept() => GoLive(catalog.VersionsWithTraffic().Where(version => version.KeepsInstances).Distinct());

    /// <summary>The versions that take traffic after a move and did not before, as the objects that stand for them.</summary>
    private async ValueTask<Dictionary<int, FunctionVersion>> FindArrivingAsync(
        FunctionName name, FunctionStatus? before, FunctionMove move, List<FunctionVersion> ready, CancellationToken cancellation)
    {
        var arriving = new Dictionary<int, FunctionVersion>();
        foreach (var number in move.Status.PinnedVersions().Except(before?.PinnedVersions() ?? []))
        {
            arriving[number] = move.Added is { } added && number == added.Version
                ? ready.Find(version => version.Version == number && version.BuiltPackage == added.BuiltPackage) ?? FunctionCatalog.Materialise(added)
                : await catalog.FindVersionAsync(name, number, cancellation)
                    ?? throw new ProblemException(KnownProblems.InvalidSpec($"The function '{name.Name}' has no version {number}.", $"See `virga fn versions {name.Name}`."));
        }

        return arriving;
    }

    private async Task<StoredResource> MoveAsync(FunctionName name, StoredResource? current, FunctionMove move, Dictionary<int, FunctionVersion> arriving)
    {
        var operations = new List<MetadataOperation>(2);
        if (move.Added is not null)
        {
            operations.Add(new MetadataOperation.AddVersion(move.Added));
        }

        operations.Add(new MetadataOperation.RetainVersions(name, move.Status.PinnedVersions(), retention.KeptVersions));
        var stored = await StoreAsync(name, current, move, operations);
        PutInForce(name, move.Status, arriving);
        return stored;
    }

    private void PutInForce(FunctionName name, FunctionStatus status, Dictionary<int, FunctionVersion> arriving)
    {
        var retired = catalog.Put(name, status, arriving.GetValueOrDefault);
        GoLive(arriving.Values.Union(KeptOf(name)));
        Retire(retired);
    }

    /// <summary>Changes what holds for all versions, none of which starts or stops taking traffic.</summary>
    private async Task<StoredResource> ChangeInPlaceAsync(FunctionName name, StoredResource current, FunctionMove move)
    {
        var stored = await StoreAsync(name, current, move, []);
        if (move.Status.Scale is { } limits)
        {
            catalog.Rescale(name, limits);
            GoLive(KeptOf(name));
        }

        return stored;
    }

    private async Task<StoredResource> StoreAsync(FunctionName name, StoredResource? current, FunctionMove move, IReadOnlyList<MetadataOperation> further)
    {
        var key = FunctionResources.KeyOf(name);
        var state = ControlJson.Serialize(move.Status);
        var change = (await changes.CommitAsync([new MetadataOperation.Put(key, move.Spec, state, current?.Version ?? 0), .. further]))[0];
        return new StoredResource(key, change.Version, current?.CreatedAt ?? change.Time, change.Time, move.Spec, state);
    }

    private IEnumerable<FunctionVersion> KeptOf(FunctionName name) => catalog.VersionsWithTraffic(name).Where(version => version.KeepsInstances).Distinct();

    private async Task PrepareAsync(FunctionName name, FunctionVersion[] versions, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(options.PrepareTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            foreach (var version in versions)
            {
                foreach (var listener in _listeners)
                {
                    await listener.PrepareAsync(version, either.Token);
                }
            }
        }
        catch (OperationCanceledException late) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new ProblemException(
                KnownProblems.Unavailable(
                    $"The instances that '{name.Name}' keeps were not ready after {options.PrepareTimeout.TotalSeconds:0} s; its traffic stays where it was.",
                    $"See `virga fn logs {name.Name}` for what holds them up, or keep fewer instances."),
                late);
        }
    }

    private void GoLive(IEnumerable<FunctionVersion> versions)
    {
        foreach (var version in versions)
        {
            foreach (var listener in _listeners)
            {
                listener.VersionLive(version);
            }
        }
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
