global using RouteResource = Virga.Control.ResourceDocument<Virga.Core.Resources.RouteSpec, Virga.Control.Routes.RouteStatus>;

using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Control.Routes;

/// <summary>Creates, updates, reads and deletes routes.</summary>
internal sealed class RouteService(IMetadataStore store, ChangeLog changes, RouteBook book, RouteTraffic traffic, IFunctionCatalog functions, IDagCatalog dags)
{
    public static ResourceKey KeyOf(Route route) => new(ResourceKind.Route, new Scope(route.Tenant, route.Namespace), route.Name.Value);

    /// <summary>Makes a route or replaces it; without a name, it is named after its method and path.</summary>
    /// <exception cref="ProblemException"><c>invalid-spec</c>, also when there is no such function; <c>conflict</c> with another route; <c>stale-version</c>.</exception>
    public async Task<PutResult<RouteResource>> PutAsync(Scope scope, ResourceName? name, RouteSpec spec, Precondition condition, CancellationToken cancellation)
    {
        var route = RouteRules.Bind(scope, name, spec);
        RouteRules.RequireFreePath(route);
        var json = ControlJson.Serialize(route.Spec);
        using var turn = await changes.EnterAsync(cancellation);
        if (route.Dag is { } dag)
        {
            if (dags.Find(dag) is null)
            {
                throw new ProblemException(KnownProblems.InvalidSpec($"There is no DAG '{dag.Name}'.", "Create the DAG first; see `virga dag list`."));
            }
        }
        else if (await functions.ResolveAsync(route.Function, route.Qualifier, 0, cancellation) is null)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"There is no function '{spec.Function}'.", "Deploy the function first; see `virga fn list`."));
        }

        if (name is null)
        {
            route = WithFreeName(scope, route);
        }

        if (book.FindConflict(route) is { } other)
        {
            throw new ProblemException(KnownProblems.Conflict(
                $"The route '{other.Name}' ({UrlOf(other.Spec)}) already matches these requests.",
                $"Change or delete the route '{other.Name}', or choose another path, method or host."));
        }

        var key = KeyOf(route);
        var current = await store.FindAsync(key, cancellation);
        condition.Check(key, current);
        if (current?.Spec == json)
        {
            return new(Show(current), Created: false);
        }

        var change = (await changes.CommitAsync([new MetadataOperation.Put(key, json, "{}", current?.Version ?? 0)]))[0];
        // In one step, without a removal before it: no request may find the route missing.
        traffic.Put(route);
        return new(Show(new StoredResource(key, change.Version, current?.CreatedAt ?? change.Time, change.Time, json, "{}")), Created: current is null);
    }

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async Task<RouteResource> GetAsync(Scope scope, ResourceName name, CancellationToken cancellation)
    {
        var key = new ResourceKey(ResourceKind.Route, scope, name.Value);
        return Show(await store.FindAsync(key, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}.", "See `virga route list`.")));
    }

    public async Task<ResourcePage<RouteResource>> ListAsync(Scope scope, string? after, int limit, CancellationToken cancellation) =>
        ResourcePage<RouteResource>.From(await store.ListAsync(ResourceKind.Route, scope, after, limit + 1, cancellation), limit, Show);

    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>.</exception>
    public async Task DeleteAsync(Scope scope, ResourceName name, Precondition condition, CancellationToken cancellation)
    {
        using var turn = await changes.EnterAsync(cancellation);
        var key = new ResourceKey(ResourceKind.Route, scope, name.Value);
        await changes.CommitAsync([new MetadataOperation.Delete(key, condition.Version)]);
        if (book.Find(scope, name.Value) is { } route)
        {
            traffic.Remove(route);
        }
    }

    // Names are derived with less in them than the requests that a route matches: /a/b and /a-b are one name. The same requests are the same route, with the name that it has.
    private Route WithFreeName(Scope scope, Route route)
    {
        var named = route;
        for (var number = 2; book.Find(scope, named.Name.Value) is { } other && !RouteRules.MatchesTheSame(other, named); number++)
        {
            named = route with { Name = RouteRules.Number(route.Name, number) };
        }

        return named;
    }

    private static string UrlOf(RouteSpec spec) => $"{(spec.Methods.Count == 0 ? "*" : string.Join(',', spec.Methods))} {spec.Host}{spec.Path}";

    private static RouteResource Show(StoredResource stored)
    {
        var resource = RouteResource.From(stored, new RouteStatus(""));
        return resource with { Status = new RouteStatus(UrlOf(resource.Spec)) };
    }
}
