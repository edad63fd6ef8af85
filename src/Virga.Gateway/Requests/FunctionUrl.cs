using System.Collections.Concurrent;
using Virga.Core.Names;
using Virga.Gateway.Routing;

namespace Virga.Gateway.Requests;

/// <summary>
/// Function URLs: <c>/f/NAME[:QUALIFIER][/rest]</c>, or <c>/f/TENANT/NAMESPACE/NAME[:QUALIFIER][/rest]</c>. The prefix is reserved: no route goes before it.
/// </summary>
internal sealed class FunctionUrl
{
    // Parsed names are kept, so that a warm call makes no strings; an attacker who makes names up gets the table thrown away, no more.
    private const int MaxKept = 16 * 1024;

    private readonly ConcurrentDictionary<string, Target> _short = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Target>.AlternateLookup<ReadOnlySpan<char>> _shortBySpan;

    public FunctionUrl() => _shortBySpan = _short.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether a path asks for a function by its URL.</summary>
    public static bool Matches(RequestPath path) => path.Count >= 2 && path[0] is "f";

    /// <summary>The path read as the short form.</summary>
    public Target? Short(RequestPath path)
    {
        var segment = path[1];
        if (_shortBySpan.TryGetValue(segment, out var target))
        {
            return target;
        }

        target = Parse(ResourceName.Default, ResourceName.Default, segment, 1);
        if (target is not null)
        {
            if (_short.Count >= MaxKept)
            {
                _short.Clear();
            }

            _short[segment.ToString()] = target;
        }

        return target;
    }

    /// <summary>The path read as the full form; null when it cannot be one.</summary>
    public static Target? Full(RequestPath path) =>
        path.Count >= 4 && ResourceName.TryParse(path[1].ToString(), out var tenant) && ResourceName.TryParse(path[2].ToString(), out var @namespace)
            ? Parse(tenant, @namespace, path[3], 3)
            : null;

    /// <summary>What follows the function's name in the decoded path: the path that the function sees.</summary>
    public static string Rest(Target target, string decodedPath)
    {
        var place = 0;
        for (var slashes = 0; slashes < target.LastSegment + 1; slashes++)
        {
            var next = decodedPath.AsSpan(place + 1).IndexOf('/');
            if (next < 0)
            {
                return "/";
            }

            place += next + 1;
        }

        return decodedPath[place..];
    }

    private static Target? Parse(ResourceName tenant, ResourceName @namespace, ReadOnlySpan<char> segment, int place)
    {
        var colon = segment.IndexOf(':');
        var name = colon < 0 ? segment : segment[..colon];
        if (!ResourceName.TryParse(name.ToString(), out var parsed) || colon == segment.Length - 1)
        {
            return null;
        }

        return new Target(new FunctionName(tenant, @namespace, parsed), colon < 0 ? null : segment[(colon + 1)..].ToString(), place);
    }

    /// <summary>Which function a URL names.</summary>
    /// <param name="Function">The function.</param>
    /// <param name="Qualifier">Alias or version; null for the live version.</param>
    /// <param name="LastSegment">The segment that holds its name.</param>
    internal sealed record Target(FunctionName Function, string? Qualifier, int LastSegment);
}
