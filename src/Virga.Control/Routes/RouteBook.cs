using Virga.Control.Metadata;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Routing;

namespace Virga.Control.Routes;

/// <summary>Every route in force, by what it matches and by what it calls. Used only by those who have the turn to change.</summary>
internal sealed class RouteBook
{
    private readonly Dictionary<(Scope Scope, string Name), Route> _routes = [];
    private readonly Dictionary<(string Host, string Shape), List<Route>> _byShape = [];
    private readonly Dictionary<FunctionName, List<Route>> _byFunction = [];
    private readonly Dictionary<DagName, List<Route>> _byDag = [];

    public Route? Find(Scope scope, string name) => _routes.GetValueOrDefault((scope, name));

    public IEnumerable<Route> All() => _routes.Values;

    public IReadOnlyList<Route> UsersOf(FunctionName function) => _byFunction.GetValueOrDefault(function) ?? [];

    public IReadOnlyList<Route> UsersOf(DagName dag) => _byDag.GetValueOrDefault(dag) ?? [];

    /// <summary>Another route that would match some of the same requests with the same right.</summary>
    public Route? FindConflict(Route route) => _byShape.GetValueOrDefault(ShapeOf(route))?.Find(other => KeyOf(other) != KeyOf(route) && MethodsOverlap(other, route));

    public void Put(Route route)
    {
        Remove(KeyOf(route));
        _routes[KeyOf(route)] = route;
        Add(_byShape, ShapeOf(route), route);
        if (route.Dag is { } dag)
        {
            Add(_byDag, dag, route);
        }
        else
        {
            Add(_byFunction, route.Function, route);
        }
    }

    public void Remove(Route route) => Remove(KeyOf(route));

    private static bool MethodsOverlap(Route a, Route b) => a.Spec.Methods.Count == 0 || b.Spec.Methods.Count == 0 || a.Spec.Methods.Any(b.Spec.Methods.Contains);

    private static (Scope, string) KeyOf(Route route) => (new Scope(route.Tenant, route.Namespace), route.Name.Value);

    private static (string, string) ShapeOf(Route route) => (route.Spec.Host ?? "", route.Template.Shape);

    private static void Add<TKey>(Dictionary<TKey, List<Route>> index, TKey key, Route route)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var routes))
        {
            index[key] = routes = new List<Route>(1);
        }

        routes.Add(route);
    }

    private static void Drop<TKey>(Dictionary<TKey, List<Route>> index, TKey key, Route route)
        where TKey : notnull
    {
        var routes = index[key];
        routes.Remove(route);
        if (routes.Count == 0)
        {
            index.Remove(key);
        }
    }

    private void Remove((Scope, string) key)
    {
        if (_routes.Remove(key, out var route))
        {
            Drop(_byShape, ShapeOf(route), route);
            if (route.Dag is { } dag)
            {
                Drop(_byDag, dag, route);
            }
            else
            {
                Drop(_byFunction, route.Function, route);
            }
        }
    }
}
