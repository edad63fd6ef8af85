using Virga.Core.Routing;

namespace Virga.Gateway.Routing;

/// <summary>The routes of one template: they differ by method.</summary>
internal sealed class RouteSet(RouteEntry[] entries)
{
    public static readonly RouteSet Empty = new([]);

    public bool IsEmpty => entries.Length == 0;

    public RouteSet With(RouteEntry entry) => new([.. entries, entry]);

    public RouteSet Without(Route route) => new(Array.FindAll(entries, entry => !entry.IsSameAs(route)));

    /// <summary>The route for a method: one that names it, for HEAD one that names GET, or one that takes every method.</summary>
    public RouteEntry? Find(string method) => FindNamed(method) ?? (method == "HEAD" ? FindNamed("GET") : null) ?? FindAny();

    public void CollectMethods(SortedSet<string> methods)
    {
        foreach (var entry in entries)
        {
            methods.UnionWith(entry.Route.Spec.Methods);
            if (entry.Cors is not null)
            {
                methods.Add("OPTIONS");
            }
        }

        if (methods.Contains("GET"))
        {
            methods.Add("HEAD");
        }
    }

    private RouteEntry? FindNamed(string method)
    {
        foreach (var entry in entries)
        {
            if (entry.Names(method))
            {
                return entry;
            }
        }

        return null;
    }

    private RouteEntry? FindAny()
    {
        foreach (var entry in entries)
        {
            if (entry.TakesEveryMethod)
            {
                return entry;
            }
        }

        return null;
    }
}
