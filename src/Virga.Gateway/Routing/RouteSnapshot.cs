using Virga.Core.Routing;

namespace Virga.Gateway.Routing;

/// <summary>All routes at one moment; immutable. Routes that name the request's host go before those of any host.</summary>
internal sealed class RouteSnapshot
{
    public static readonly RouteSnapshot Empty = new(LiteralMap<RouteNode>.Empty, RouteNode.Empty);

    // What a host name may have at most (RFC 1035, section 2.3.4).
    private const int MaxHostLength = 253;

    // "/" is one empty segment in a request; its template has none.
    private static readonly PathSegment[] Root = [new(PathSegmentKind.Literal, "")];

    private readonly LiteralMap<RouteNode> _hosts;
    private readonly RouteNode _anyHost;

    private RouteSnapshot(LiteralMap<RouteNode> hosts, RouteNode anyHost)
    {
        _hosts = hosts;
        _anyHost = anyHost;
    }

    public RouteEntry? Find(ReadOnlySpan<char> hostHeader, RequestPath path, string method) =>
        FindHost(hostHeader)?.Find(path, 0, method) ?? _anyHost.Find(path, 0, method);

    /// <summary>The methods that the path exists with; empty when it does not exist.</summary>
    public SortedSet<string> MethodsOf(ReadOnlySpan<char> hostHeader, RequestPath path)
    {
        var methods = new SortedSet<string>(StringComparer.Ordinal);
        FindHost(hostHeader)?.CollectMethods(path, 0, methods);
        _anyHost.CollectMethods(path, 0, methods);
        return methods;
    }

    public RouteSnapshot With(Route route)
    {
        var entry = new RouteEntry(route);
        var template = TemplateOf(route);
        if (HostOf(route) is not { } host)
        {
            return new RouteSnapshot(_hosts, _anyHost.With(template, entry));
        }

        return new RouteSnapshot(_hosts.With(host, (_hosts.Find(host) ?? RouteNode.Empty).With(template, entry)), _anyHost);
    }

    public RouteSnapshot Without(Route route)
    {
        var template = TemplateOf(route);
        if (HostOf(route) is not { } host)
        {
            return new RouteSnapshot(_hosts, _anyHost.Without(template, route) ?? RouteNode.Empty);
        }

        var node = _hosts.Find(host)?.Without(template, route);
        return new RouteSnapshot(node is null ? _hosts.Without(host) : _hosts.With(host, node), _anyHost);
    }

    private static string? HostOf(Route route) => route.Spec.Host?.ToLowerInvariant();

    private static PathSegment[] TemplateOf(Route route) => route.Template.Segments.Count == 0 ? Root : [.. route.Template.Segments];

    private RouteNode? FindHost(ReadOnlySpan<char> hostHeader)
    {
        if (_hosts.IsEmpty)
        {
            return null;
        }

        var host = WithoutPort(hostHeader);
        if (host.Length is 0 or > MaxHostLength)
        {
            return null;
        }

        Span<char> lower = stackalloc char[MaxHostLength];
        return _hosts.Find(lower[..host.ToLowerInvariant(lower)]);
    }

    private static ReadOnlySpan<char> WithoutPort(ReadOnlySpan<char> header)
    {
        var colon = header.LastIndexOf(':');
        return colon < 0 || header.EndsWith("]") ? header : header[..colon];
    }
}
