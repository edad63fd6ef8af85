using System.Collections.Concurrent;
using Virga.Core.Names;
using Virga.Gateway.Routing;

namespace Virga.Gateway.Requests;

/// <summary>
/// Function URLs: <c>/f/NAME[:QUALIFIER][/rest]</c>, or <c>/f/TENANT/NAMESPACE/NAME[:QUALIFIER][/rest]</c>. The prefix is reserved: no route goes before it.
/// </summary>
internal sealed class FunctionUrl
{
    // Names of functions that exist are kept, so that a warm call makes no strings. A name and a qualifier are short, which bounds the table in bytes too.
    private const int MaxKept = 16 * 1024;

    private readonly ConcurrentDictionary<string, Target> _short = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Target>.AlternateLookup<ReadOnlySpan<char>> _shortBySpan;

    // The dictionary's own count takes all its locks.
    private int _kept;

    public FunctionUrl() => _shortBySpan = _short.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether a path asks for a function by its URL.</summary>
    public static bool Matches(RequestPath path) => path.Count >= 2 && path[0] is "f";

    /// <summary>Whether a path may ask for a DAG by its URL, which is a function's with another beginning: <c>/d/NAME</c>, <c>/d/TENANT/NAMESPACE/NAME</c>.</summary>
    public static bool MatchesDag(RequestPath path) => path.Count >= 2 && path[0] is "d";

    /// <summary>The path read as the short form; null when it cannot be one.</summary>
    public Target? Short(RequestPath path, out bool isKept)
    {
        isKept = _shortBySpan.TryGetValue(path[1], out var target);
        return isKept ? target : Parse(ResourceName.Default, ResourceName.Default, path[1], 1);
    }

    /// <summary>Keeps the reading of a path, of which the caller knows that there is such a function: names that a stranger makes up take no memory.</summary>
    public void Keep(RequestPath path, Target target)
    {
        if (_shortBySpan.TryAdd(path[1], target) && Interlocked.Increment(ref _kept) > MaxKept)
        {
            _short.Clear();
            Interlocked.Exchange(ref _kept, 0);
        }
    }

    /// <summary>The path read as the full form; null when it cannot be one.</summary>
    public static Target? Full(RequestPath path) =>
        path.Count >= 4 && TryParse(path[1], out var tenant) && TryParse(path[2], out var @namespace)
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

    // What is too long to be a name is not copied first.
    private static bool TryParse(ReadOnlySpan<char> text, out ResourceName name)
    {
        name = default;
        return text.Length <= ResourceName.MaxLength && ResourceName.TryParse(text.ToString(), out name);
    }

    private static Target? Parse(ResourceName tenant, ResourceName @namespace, ReadOnlySpan<char> segment, int place)
    {
        var colon = segment.IndexOf(':');
        var name = colon < 0 ? segment : segment[..colon];
        ResourceName? qualifier = null;
        if (colon >= 0)
        {
            if (!TryParse(segment[(colon + 1)..], out var given))
            {
                return null;
            }

            qualifier = given;
        }

        return TryParse(name, out var parsed) ? new Target(new FunctionName(tenant, @namespace, parsed), qualifier?.Value, place) : null;
    }

    /// <summary>Which function a URL names.</summary>
    /// <param name="Function">The function.</param>
    /// <param name="Qualifier">Alias or version; null for the live version.</param>
    /// <param name="LastSegment">The segment that holds its name.</param>
    internal sealed record Target(FunctionName Function, string? Qualifier, int LastSegment);
}
