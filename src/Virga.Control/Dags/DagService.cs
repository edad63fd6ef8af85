global using DagResource = Virga.Control.ResourceDocument<Virga.Core.Resources.DagSpec, Virga.Control.Dags.DagStatus>;

using Virga.Control.Changes;
using Virga.Control.Functions;
using Virga.Control.Metadata;
using Virga.Control.Routes;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Dags;

/// <summary>Creates, updates, reads and deletes DAGs.</summary>
internal sealed class DagService(IMetadataStore store, ChangeLog changes, DagCatalog catalog, FunctionCatalog functions, RouteTraffic routes)
{
    /// <summary>Makes a DAG or replaces it.</summary>
    /// <exception cref="ProblemException"><c>invalid-dag</c>, also when a function does not exist; <c>conflict</c>; <c>stale-version</c>.</exception>
    public async Task<PutResult<DagResource>> PutAsync(Scope scope, ResourceName name, DagSpec spec, Precondition condition, CancellationToken cancellation)
    {
        var graph = DagRules.Bind(spec);
        var json = ControlJson.Serialize(spec);
        var key = new ResourceKey(ResourceKind.Dag, scope, name.Value);
        using var turn = await changes.EnterAsync(cancellation);
        foreach (var step in graph.Steps)
        {
            if (await functions.ResolveAsync(FunctionOf(scope, step), step.Qualifier, 0, cancellation) is null)
            {
                throw new ProblemException(KnownProblems.InvalidDag($"There is no function '{step.Node.Function}', which the node '{step.Name}' calls.", "Deploy the function first; see `virga fn list`."));
            }
        }

        var current = await store.FindAsync(key, cancellation);
        condition.Check(key, current);
        if (current?.Spec == json)
        {
            return new(Show(current), Created: false);
        }

        var change = (await changes.CommitAsync([new MetadataOperation.Put(key, json, "{}", current?.Version ?? 0)]))[0];
        var stored = new StoredResource(key, change.Version, current?.CreatedAt ?? change.Time, change.Time, json, "{}");
        catalog.Put(new Dag(new DagName(scope, name), change.Version, spec, graph));
        return new(Show(stored), Created: current is null);
    }

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async Task<DagResource> GetAsync(Scope scope, ResourceName name, CancellationToken cancellation)
    {
        var key = new ResourceKey(ResourceKind.Dag, scope, name.Value);
        return Show(await store.FindAsync(key, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}.", "See `virga dag list`.")));
    }

    public async Task<ResourcePage<DagResource>> ListAsync(Scope scope, string? after, int limit, CancellationToken cancellation) =>
        ResourcePage<DagResource>.From(await store.ListAsync(ResourceKind.Dag, scope, after, limit + 1, cancellation), limit, Show);

    /// <summary>Takes a DAG out; with <paramref name="cascade"/> also the routes that call it.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>, <c>conflict</c> when routes call it.</exception>
    public async Task DeleteAsync(Scope scope, ResourceName name, Precondition condition, bool cascade, CancellationToken cancellation)
    {
        using var turn = await changes.EnterAsync(cancellation);
        var key = new ResourceKey(ResourceKind.Dag, scope, name.Value);
        var users = routes.UsersOf(new DagName(scope, name));
        if (users.Count > 0 && !cascade)
        {
            throw new ProblemException(KnownProblems.Conflict(
                $"The {key} is called by the route{(users.Count == 1 ? "" : "s")} {string.Join(", ", users.Take(5).Select(route => $"'{route.Name}'"))}.",
                "Delete the routes first, or delete the DAG with --cascade (in the API: ?cascade=true)."));
        }

        await changes.CommitAsync([.. users.Select(route => new MetadataOperation.Delete(RouteService.KeyOf(route))), new MetadataOperation.Delete(key, condition.Version)]);
        foreach (var route in users)
        {
            routes.Remove(route);
        }

        catalog.Remove(new DagName(scope, name));
    }

    private static FunctionName FunctionOf(Scope scope, DagStep step) => new(scope.Tenant, scope.Namespace, step.Function);

    private DagResource Show(StoredResource stored)
    {
        var scope = stored.Key.Scope;
        var resource = DagResource.From(stored, new DagStatus(scope == Scope.Default ? $"/d/{stored.Key.Name}" : $"/d/{scope}/{stored.Key.Name}", []));
        string[] missing =
        [
            .. resource.Spec.Nodes.Select(node => node.Function.Split(':')[0]).Distinct(StringComparer.Ordinal)
                .Where(function => !functions.Contains(new FunctionName(scope.Tenant, scope.Namespace, ResourceName.Parse(function)))),
        ];
        return missing.Length == 0 ? resource : resource with { Status = resource.Status with { MissingFunctions = missing } };
    }
}
