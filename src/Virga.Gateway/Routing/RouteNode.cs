using Virga.Core.Routing;

namespace Virga.Gateway.Routing;

/// <summary>
/// One place in the trie of path templates; immutable. A search visits a node at most once, so its cost is bounded by the number of
/// templates that the path could still match, whatever path a client makes up.
/// </summary>
internal sealed class RouteNode
{
    public static readonly RouteNode Empty = new();

    private RouteNode()
    {
    }

    private LiteralMap<RouteNode> Literals { get; init; } = LiteralMap<RouteNode>.Empty;

    private RouteNode? Parameter { get; init; }

    private RouteSet Wildcard { get; init; } = RouteSet.Empty;

    private RouteSet Here { get; init; } = RouteSet.Empty;

    private bool IsEmpty => Literals.IsEmpty && Parameter is null && Wildcard.IsEmpty && Here.IsEmpty;

    /// <summary>The best match: a literal goes before a parameter, a parameter before a wildcard, segment by segment from the left.</summary>
    public RouteEntry? Find(RequestPath path, int depth, string method)
    {
        if (depth == path.Count)
        {
            return Here.Find(method);
        }

        var segment = path[depth];
        return (Literals.Find(segment) is { } next ? next.Find(path, depth + 1, method) : null)
            ?? (Parameter is not null && segment.Length > 0 ? Parameter.Find(path, depth + 1, method) : null)
            ?? Wildcard.Find(method);
    }

    /// <summary>Adds the methods of every template that matches the path.</summary>
    public void CollectMethods(RequestPath path, int depth, SortedSet<string> methods)
    {
        if (depth == path.Count)
        {
            Here.CollectMethods(methods);
            return;
        }

        var segment = path[depth];
        Literals.Find(segment)?.CollectMethods(path, depth + 1, methods);
        if (segment.Length > 0)
        {
            Parameter?.CollectMethods(path, depth + 1, methods);
        }

        Wildcard.CollectMethods(methods);
    }

    public RouteNode With(ReadOnlySpan<PathSegment> template, RouteEntry entry)
    {
        if (template.IsEmpty)
        {
            return Copy(here: Here.With(entry));
        }

        var (kind, text) = template[0];
        return kind switch
        {
            PathSegmentKind.Literal => Copy(literals: Literals.With(text, (Literals.Find(text) ?? Empty).With(template[1..], entry))),
            PathSegmentKind.Parameter => Copy(parameter: (Parameter ?? Empty).With(template[1..], entry)),
            _ => Copy(wildcard: Wildcard.With(entry)),
        };
    }

    /// <summary>The node without a route; null when nothing is left.</summary>
    public RouteNode? Without(ReadOnlySpan<PathSegment> template, Route route)
    {
        RouteNode node;
        if (template.IsEmpty)
        {
            node = Copy(here: Here.Without(route));
        }
        else
        {
            var (kind, text) = template[0];
            switch (kind)
            {
                case PathSegmentKind.Literal:
                    var child = Literals.Find(text)?.Without(template[1..], route);
                    node = Copy(literals: child is null ? Literals.Without(text) : Literals.With(text, child));
                    break;
                case PathSegmentKind.Parameter:
                    node = new RouteNode { Literals = Literals, Parameter = Parameter?.Without(template[1..], route), Wildcard = Wildcard, Here = Here };
                    break;
                default:
                    node = Copy(wildcard: Wildcard.Without(route));
                    break;
            }
        }

        return node.IsEmpty ? null : node;
    }

    private RouteNode Copy(LiteralMap<RouteNode>? literals = null, RouteNode? parameter = null, RouteSet? wildcard = null, RouteSet? here = null) => new()
    {
        Literals = literals ?? Literals,
        Parameter = parameter ?? Parameter,
        Wildcard = wildcard ?? Wildcard,
        Here = here ?? Here,
    };
}
