using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Routes;

/// <summary>Puts other nodes' changes of routes in force.</summary>
internal sealed class RouteFollower(RouteBook book, RouteTraffic traffic) : IResourceFollower
{
    public ResourceKind Kind => ResourceKind.Route;

    public IReadOnlyCollection<ResourceKey> Known() => [.. book.All().Select(RouteService.KeyOf)];

    public ValueTask FollowAsync(ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation)
    {
        if (stored is not null)
        {
            traffic.Put(RouteRules.Bind(key.Scope, ResourceName.Parse(key.Name), ControlJson.Deserialize<RouteSpec>(stored.Spec)));
        }
        else if (book.Find(key.Scope, key.Name) is { } route)
        {
            traffic.Remove(route);
        }

        return ValueTask.CompletedTask;
    }
}
