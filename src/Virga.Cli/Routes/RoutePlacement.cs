using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Cli.Routes;

/// <summary>What must happen so that a route is as wanted: nothing, an update of the one in its place, or a new one.</summary>
/// <param name="Wanted">The route.</param>
/// <param name="Name">Its name: that of the one in its place, or a given one; null lets the node name it.</param>
/// <param name="Current">The one in its place; null when there is none.</param>
internal sealed record RoutePlacement(RouteSpec Wanted, ResourceName? Name, RouteSpec? Current)
{
    /// <summary>
    /// Compares a route with those that exist. The one in its place is that of the same name, or, when it has none, that of the
    /// same function which takes the same requests.
    /// </summary>
    public static RoutePlacement Of(RouteSpec wanted, JsonArray existing, ResourceName? name = null)
    {
        wanted = Canonical(wanted);
        foreach (var resource in existing.OfType<JsonObject>())
        {
            var spec = SpecJson.ReadRoute(resource);
            if (ResourceName.TryParse(resource["name"]?.ToString(), out var own) && (name is { } given ? own == given : IsSamePlace(spec, wanted)))
            {
                return new RoutePlacement(wanted, own, spec);
            }
        }

        return new RoutePlacement(wanted, name, null);
    }

    /// <summary>Whether there is anything to do.</summary>
    public bool IsUnchanged => Current is not null && JsonNode.DeepEquals(SpecJson.Write(Current), SpecJson.Write(Wanted));

    /// <summary>Does it.</summary>
    public async Task ApplyAsync(ControlClient client, CancellationToken cancellation)
    {
        if (IsUnchanged)
        {
            return;
        }

        if (Current is not null && Name is { } name)
        {
            await client.PutAsync(ResourceKind.Route, name, SpecJson.Write(Wanted), cancellation);
        }
        else
        {
            await client.CreateAsync(ResourceKind.Route, Name, SpecJson.Write(Wanted), cancellation);
        }
    }

    // As the node writes it: two ways to say one route must not look like a change.
    private static RouteSpec Canonical(RouteSpec route) => route with
    {
        Methods = [.. route.Methods.Select(method => method.ToUpperInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        Host = string.IsNullOrEmpty(route.Host) ? null : route.Host.ToLowerInvariant(),
    };

    private static bool IsSamePlace(RouteSpec a, RouteSpec b) =>
        FunctionOf(a) == FunctionOf(b)
        && a.Host == b.Host
        && a.Methods.Order(StringComparer.Ordinal).SequenceEqual(b.Methods.Order(StringComparer.Ordinal), StringComparer.Ordinal)
        && Shape(a.Path) == Shape(b.Path);

    private static string FunctionOf(RouteSpec route) => route.Function.Split(':')[0];

    private static string Shape(string path) => PathTemplate.TryParse(path, out var template, out _) ? template.Shape : path;
}
