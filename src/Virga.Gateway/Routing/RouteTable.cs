using Virga.Core.Names;
using Virga.Core.Routing;

namespace Virga.Gateway.Routing;

/// <summary>
/// The routes in force. A request reads one immutable snapshot without a lock; a change makes the next snapshot, which shares all but
/// the changed path with the one before, and swaps the reference.
/// </summary>
public sealed class RouteTable : IRouteSink
{
    // Held by writers only: a replacement must find what it replaces.
    private readonly Lock _writing = new();
    private readonly Dictionary<(ResourceName Tenant, ResourceName Namespace, ResourceName Name), Route> _routes = [];
    private volatile RouteSnapshot _current = RouteSnapshot.Empty;

    internal RouteSnapshot Current => _current;

    /// <inheritdoc/>
    public void Put(Route route)
    {
        ArgumentNullException.ThrowIfNull(route);
        lock (_writing)
        {
            var next = _current;
            if (_routes.TryGetValue(Key(route), out var replaced))
            {
                next = next.Without(replaced);
            }

            _routes[Key(route)] = route;
            _current = next.With(route);
        }
    }

    /// <inheritdoc/>
    public void Remove(Route route)
    {
        ArgumentNullException.ThrowIfNull(route);
        lock (_writing)
        {
            if (_routes.Remove(Key(route), out var removed))
            {
                _current = _current.Without(removed);
            }
        }
    }

    private static (ResourceName Tenant, ResourceName Namespace, ResourceName Name) Key(Route route) => (route.Tenant, route.Namespace, route.Name);
}
