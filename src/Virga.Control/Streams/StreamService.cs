global using StreamResource = Virga.Control.ResourceDocument<Virga.Core.Resources.StreamSpec, Virga.Control.Streams.StreamStatus>;

using Virga.Control.Changes;
using Virga.Control.Functions;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Streams;

namespace Virga.Control.Streams;

/// <summary>Creates, updates, reads and deletes stream functions.</summary>
internal sealed class StreamService(IMetadataStore store, ChangeLog changes, StreamCatalog catalog, FunctionCatalog functions, IStreamRules rules, ControlOptions options)
{
    /// <summary>Makes a stream function or replaces it.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: there are no topics; <c>invalid-spec</c>, also when its function does not exist; <c>out-of-scope</c>; <c>conflict</c>; <c>stale-version</c>.</exception>
    public async Task<PutResult<StreamResource>> PutAsync(Scope scope, ResourceName name, StreamSpec spec, Precondition condition, CancellationToken cancellation)
    {
        if (options.TopicsMissing is { } missing)
        {
            throw new ProblemException(missing);
        }

        rules.Check(new StreamName(scope, name), spec);
        var json = ControlJson.Serialize(spec);
        var key = new ResourceKey(ResourceKind.Stream, scope, name.Value);
        using var turn = await changes.EnterAsync(cancellation);
        var function = FunctionOf(spec);
        if (await functions.ResolveAsync(function.In(scope), function.Qualifier, 0, cancellation) is null)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"There is no function '{spec.Function}'.", "Deploy the function first; see `virga fn list`."));
        }

        var current = await store.FindAsync(key, cancellation);
        condition.Check(key, current);
        if (current?.Spec == json)
        {
            return new(Show(current), Created: false);
        }

        var change = (await changes.CommitAsync([new MetadataOperation.Put(key, json, "{}", current?.Version ?? 0)]))[0];
        var stored = new StoredResource(key, change.Version, current?.CreatedAt ?? change.Time, change.Time, json, "{}");
        catalog.Put(stored);
        return new(Show(stored), Created: current is null);
    }

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async Task<StreamResource> GetAsync(Scope scope, ResourceName name, CancellationToken cancellation)
    {
        var key = new ResourceKey(ResourceKind.Stream, scope, name.Value);
        return Show(await store.FindAsync(key, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}.", "See `virga stream list`.")));
    }

    public async Task<ResourcePage<StreamResource>> ListAsync(Scope scope, string? after, int limit, CancellationToken cancellation) =>
        ResourcePage<StreamResource>.From(await store.ListAsync(ResourceKind.Stream, scope, after, limit + 1, cancellation), limit, Show);

    /// <summary>Takes a stream function out. Its subscriptions stay, so that one made again under its name goes on where it stopped.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>.</exception>
    public async Task DeleteAsync(Scope scope, ResourceName name, Precondition condition, CancellationToken cancellation)
    {
        using var turn = await changes.EnterAsync(cancellation);
        await changes.CommitAsync([new MetadataOperation.Delete(new ResourceKey(ResourceKind.Stream, scope, name.Value), condition.Version)]);
        catalog.Remove(new StreamName(scope, name));
    }

    private static FunctionReference FunctionOf(StreamSpec spec) => FunctionReference.TryParse(spec.Function, out var function)
        ? function
        : throw new ProblemException(KnownProblems.InvalidSpec($"'{ResourceName.Shorten(spec.Function)}' names no function.", $"Write {FunctionReference.Rule}."));

    private StreamResource Show(StoredResource stored)
    {
        var scope = stored.Key.Scope;
        var resource = StreamResource.From(stored, new StreamStatus(StreamSubscription.Of(stored.Key.Name), false));
        var isMissing = !functions.Contains(FunctionOf(resource.Spec).In(scope));
        return resource with { Status = resource.Status with { IsFunctionMissing = isMissing } };
    }
}
