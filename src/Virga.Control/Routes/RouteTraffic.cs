using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Routing;

namespace Virga.Control.Routes;

/// <summary>The routes in force, kept the same in the book and at everyone who dispatches by them.</summary>
internal sealed class RouteTraffic(RouteBook book, IEnumerable<IRouteSink> sinks)
{
    private readonly IRouteSink[] _sinks = [.. sinks];

    public IReadOnlyList<Route> UsersOf(FunctionName function) => [.. book.UsersOf(function)];

    public IReadOnlyList<Route> UsersOf(DagName dag) => [.. book.UsersOf(dag)];

    public void Put(Route route)
    {
        book.Put(route);
        foreach (var sink in _sinks)
        {
            sink.Put(route);
        }
    }

    public void Remove(Route route)
    {
        book.Remove(route);
        foreach (var sink in _sinks)
        {
            sink.Remove(route);
        }
    }
}
