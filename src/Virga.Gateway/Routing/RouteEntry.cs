using Virga.Core.Routing;
using Virga.Gateway.Cors;

namespace Virga.Gateway.Routing;

/// <summary>A route with all that can be worked out before a request comes.</summary>
internal sealed class RouteEntry
{
    private readonly int[] _parameters;

    public RouteEntry(Route route)
    {
        Route = route;
        Cors = route.Spec.Cors is { } spec ? new CorsPolicy(spec) : null;
        var segments = route.Template.Segments;
        var parameters = new List<int>();
        for (var i = 0; i < segments.Count; i++)
        {
            if (segments[i].Kind != PathSegmentKind.Literal)
            {
                parameters.Add(i);
            }
        }

        _parameters = [.. parameters];
    }

    public Route Route { get; }

    public CorsPolicy? Cors { get; }

    public bool TakesEveryMethod => Route.Spec.Methods.Count == 0;

    public bool Names(string method)
    {
        var methods = Route.Spec.Methods;
        for (var i = 0; i < methods.Count; i++)
        {
            if (methods[i] == method)
            {
                return true;
            }
        }

        return false;
    }

    public bool IsSameAs(Route other) => Route.Tenant == other.Tenant && Route.Namespace == other.Namespace && Route.Name == other.Name;

    /// <summary>The values of the template's parameters in a path that it matches. A parameter's place in the template is its place in the path.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Capture(RequestPath path)
    {
        if (_parameters.Length == 0)
        {
            return [];
        }

        var segments = Route.Template.Segments;
        var values = new KeyValuePair<string, string>[_parameters.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var place = _parameters[i];
            var segment = segments[place];
            var value = segment.Kind == PathSegmentKind.Wildcard ? path.From(place) : path[place];
            values[i] = new KeyValuePair<string, string>(segment.Text, value.ToString());
        }

        return values;
    }
}
