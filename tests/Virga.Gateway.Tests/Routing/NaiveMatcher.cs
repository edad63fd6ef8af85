using Virga.Core.Routing;

namespace Virga.Gateway.Tests.Routing;

/// <summary>What the route table is to find, said the slow way: try every template, and take the one of the best rank.</summary>
internal static class NaiveMatcher
{
    public static Route? Find(IEnumerable<Route> routes, string path, string method)
    {
        var segments = path[1..].Split('/');
        return routes
            .Where(route => Matches(SegmentsOf(route), segments) && MethodRank(route, method) is not null)
            .OrderBy(route => string.Concat(SegmentsOf(route).Select(segment => (int)segment.Kind)), StringComparer.Ordinal)
            .ThenBy(route => MethodRank(route, method))
            .FirstOrDefault();
    }

    private static IReadOnlyList<PathSegment> SegmentsOf(Route route) =>
        route.Template.Text == "/" ? [new PathSegment(PathSegmentKind.Literal, "")] : route.Template.Segments;

    private static bool Matches(IReadOnlyList<PathSegment> template, string[] path)
    {
        for (var i = 0; i < template.Count; i++)
        {
            if (i >= path.Length)
            {
                return false;
            }

            if (template[i].Kind == PathSegmentKind.Wildcard)
            {
                return true;
            }

            if (template[i].Kind == PathSegmentKind.Literal ? template[i].Text != path[i] : path[i].Length == 0)
            {
                return false;
            }
        }

        return template.Count == path.Length;
    }

    private static int? MethodRank(Route route, string method)
    {
        var methods = route.Spec.Methods;
        return methods.Contains(method) ? 0 : method == "HEAD" && methods.Contains("GET") ? 1 : methods.Count == 0 ? 2 : null;
    }
}
