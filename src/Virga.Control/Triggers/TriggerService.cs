global using TriggerResource = Virga.Control.ResourceDocument<Virga.Core.Resources.TriggerSpec, Virga.Control.Triggers.TriggerStatus>;

using Virga.Control.Changes;
using Virga.Control.Functions;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Triggers;

namespace Virga.Control.Triggers;

/// <summary>Creates, updates, reads and deletes triggers.</summary>
internal sealed class TriggerService(IMetadataStore store, ChangeLog changes, TriggerCatalog catalog, FunctionCatalog functions, ITriggerRules rules, ControlOptions options)
{
    /// <summary>Makes a trigger or replaces it.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: there are no topics; <c>invalid-spec</c>, also when the function does not exist; <c>out-of-scope</c>; <c>conflict</c>; <c>stale-version</c>.</exception>
    public async Task<PutResult<TriggerResource>> PutAsync(Scope scope, ResourceName name, TriggerSpec spec, Precondition condition, CancellationToken cancellation)
    {
        if (options.TopicsMissing is { } missing)
        {
            throw new ProblemException(missing);
        }

        rules.Check(new TriggerName(scope, name), spec);
        var json = ControlJson.Serialize(spec);
        var key = new ResourceKey(ResourceKind.Trigger, scope, name.Value);
        using var turn = await changes.EnterAsync(cancellation);
        await RequireFunctionAsync(scope, spec, cancellation);
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
    public async Task<TriggerResource> GetAsync(Scope scope, ResourceName name, CancellationToken cancellation)
    {
        var key = new ResourceKey(ResourceKind.Trigger, scope, name.Value);
        return Show(await store.FindAsync(key, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}.", "See `virga trigger list`.")));
    }

    public async Task<ResourcePage<TriggerResource>> ListAsync(Scope scope, string? after, int limit, CancellationToken cancellation) =>
        ResourcePage<TriggerResource>.From(await store.ListAsync(ResourceKind.Trigger, scope, after, limit + 1, cancellation), limit, Show);

    /// <summary>Takes a trigger out. Its subscription stays, with the messages that it has not dealt with.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>.</exception>
    public async Task DeleteAsync(Scope scope, ResourceName name, Precondition condition, CancellationToken cancellation)
    {
        using var turn = await changes.EnterAsync(cancellation);
        await changes.CommitAsync([new MetadataOperation.Delete(new ResourceKey(ResourceKind.Trigger, scope, name.Value), condition.Version)]);
        catalog.Remove(new TriggerName(scope, name));
    }

    private async ValueTask RequireFunctionAsync(Scope scope, TriggerSpec spec, CancellationToken cancellation)
    {
        if (!FunctionReference.TryParse(spec.Function, out var function) || await functions.ResolveAsync(function.In(scope), function.Qualifier, 0, cancellation) is null)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"There is no function '{ResourceName.Shorten(spec.Function)}', which the trigger calls.", "Deploy the function first; see `virga fn list`."));
        }
    }

    private TriggerResource Show(StoredResource stored)
    {
        var resource = TriggerResource.From(stored, new TriggerStatus(null, MissingFunction: false));
        var spec = resource.Spec;
        var isMissing = !FunctionReference.TryParse(spec.Function, out var function) || !functions.Contains(function.In(stored.Key.Scope));
        return resource with { Status = new TriggerStatus(spec.Source.Topic is { } topic ? topic.Subscription ?? stored.Key.Name : null, isMissing) };
    }
}
