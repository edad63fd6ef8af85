using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Gateway.Routing;

namespace Virga.Gateway.Requests;

/// <summary>Finds the function version that a request calls, by function URL or route.</summary>
internal sealed class CallResolver(IFunctionCatalog catalog, RouteTable routes, IDagInvoker? dags)
{
    private static readonly IReadOnlyList<KeyValuePair<string, string>> NoParameters = [];

    private readonly FunctionUrl _functionUrls = new();
    private readonly FunctionUrl _dagUrls = new();

    /// <summary>Reads the request's path into the exchange; gives the problem when it cannot be read.</summary>
    public static Problem? ReadPath(Exchange exchange)
    {
        var request = exchange.Request;
        var raw = request.RawTarget;
        if (!raw.Contains('%') && request.Path.StartsWith('/'))
        {
            exchange.Path.Read(request.Path);
            return null;
        }

        return exchange.Path.ReadEscaped(PathOf(raw)) is { } error
            ? KnownProblems.InvalidRequest(error, "Percent-encode the path as UTF-8.")
            : null;
    }

    /// <summary>The route of a request for a method other than its own: for preflights.</summary>
    public RouteEntry? FindRoute(Exchange exchange, string method) =>
        FunctionUrl.Matches(exchange.Path) ? null : routes.Current.Find(HostOf(exchange), exchange.Path, method);

    /// <summary>Finds what is called.</summary>
    /// <exception cref="ProblemException">Nothing is.</exception>
    public ValueTask<Call> ResolveAsync(Exchange exchange)
    {
        var path = exchange.Path;
        return FunctionUrl.Matches(path) ? ResolveUrlAsync(exchange)
            : FunctionUrl.MatchesDag(path) && FindDag(exchange) is { } dag ? new(new Call(null, "/", NoParameters, dag))
            : ResolveRouteAsync(exchange);
    }

    private static ReadOnlySpan<char> PathOf(string rawTarget)
    {
        var target = rawTarget.AsSpan();
        var query = target.IndexOf('?');
        if (query >= 0)
        {
            target = target[..query];
        }

        // Absolute form (RFC 9112, section 3.2.2), as a client sends it to a proxy.
        var authority = target.IndexOf("://");
        if (authority > 0 && target[0] != '/')
        {
            target = target[(authority + 3)..];
            var path = target.IndexOf('/');
            return path < 0 ? "/" : target[path..];
        }

        return target;
    }

    private static ReadOnlySpan<char> HostOf(Exchange exchange) => exchange.Request.Headers.Host.ToString();

    private async ValueTask<Call> ResolveUrlAsync(Exchange exchange)
    {
        var path = exchange.Path;
        var target = _functionUrls.Short(path, out var isKept);
        var function = target is null ? null : await FindAsync(exchange, target.Function, target.Qualifier);
        if (function is not null && !isKept)
        {
            _functionUrls.Keep(path, target!);
        }

        if (function is null && FunctionUrl.Full(path) is { } full)
        {
            target = full;
            function = await FindAsync(exchange, target.Function, target.Qualifier);
        }

        if (target is not null && function is not null)
        {
            return new Call(function, FunctionUrl.Rest(target, exchange.Request.Path), NoParameters);
        }

        throw new ProblemException(KnownProblems.NotFound(
            $"There is no function for {ResourceName.Shorten(path.Text)}.",
            "See `virga fn list`; a function URL is /f/NAME or /f/TENANT/NAMESPACE/NAME, with :ALIAS or :VERSION after the name."));
    }

    // What is no URL of a DAG that exists may be one of a route.
    private DagName? FindDag(Exchange exchange)
    {
        var path = exchange.Path;
        if (dags is null || path.Count is not (2 or 4))
        {
            return null;
        }

        var isKept = true;
        var target = path.Count == 2 ? _dagUrls.Short(path, out isKept) : FunctionUrl.Full(path);
        if (target is not { Qualifier: null })
        {
            return null;
        }

        var dag = new DagName(new Scope(target.Function.Tenant, target.Function.Namespace), target.Function.Name);
        if (!dags.Contains(dag))
        {
            return null;
        }

        if (!isKept)
        {
            _dagUrls.Keep(path, target);
        }

        return dag;
    }

    private async ValueTask<Call> ResolveRouteAsync(Exchange exchange)
    {
        var method = exchange.Request.Method;
        var snapshot = routes.Current;
        var entry = snapshot.Find(HostOf(exchange), exchange.Path, method) ?? throw NoRoute(exchange, snapshot, method);
        if (entry.Cors is not null && exchange.Request.Headers.Origin.Count > 0)
        {
            exchange.Cors = entry.Cors;
        }

        var route = entry.Route;
        var parameters = entry.Capture(exchange.Path);
        if (route.Dag is { } dag)
        {
            return dags?.Contains(dag) == true
                ? new Call(null, exchange.Request.Path, parameters, dag)
                : throw new ProblemException(KnownProblems.NotFound($"The route {route.Name} calls the DAG {dag}, which does not exist.", "Create the DAG, or delete the route."));
        }

        var function = await FindAsync(exchange, route.Function, route.Qualifier)
            ?? throw new ProblemException(KnownProblems.NotFound(
                $"The route {route.Name} calls {route.Function}{(route.Qualifier is null ? "" : ":" + route.Qualifier)}, which does not exist.",
                "Deploy the function, or delete the route."));
        return new Call(function, exchange.Request.Path, parameters);
    }

    private ValueTask<FunctionVersion?> FindAsync(Exchange exchange, FunctionName name, string? qualifier) =>
        catalog.ResolveAsync(name, qualifier, TrafficDraw.Next(), exchange.Lifetime.RequestAborted);

    private static ProblemException NoRoute(Exchange exchange, RouteSnapshot snapshot, string method)
    {
        var path = ResourceName.Shorten(exchange.Path.Text);
        var methods = snapshot.MethodsOf(HostOf(exchange), exchange.Path);
        if (methods.Count == 0)
        {
            return FunctionUrl.MatchesDag(exchange.Path)
                ? new ProblemException(KnownProblems.NotFound($"There is no DAG for {path}.", "See `virga dag list`; the URL of a DAG is /d/NAME or /d/TENANT/NAMESPACE/NAME."))
                : new ProblemException(KnownProblems.NoRoute($"Nothing is routed at {path}."));
        }

        var allow = string.Join(", ", methods);
        exchange.Response.Headers.Allow = allow;
        return new ProblemException(KnownProblems.MethodNotAllowed($"{path} is not routed for {method}.", $"Use one of {allow}, or add a route."));
    }
}
