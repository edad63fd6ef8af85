using System.Diagnostics.CodeAnalysis;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Cli.Routes;

/// <summary>A route's short form: <c>GET /users/{id}</c>, <c>GET,POST /users</c>, or a path alone for every method.</summary>
/// <param name="Methods">Upper-case methods; empty means every method.</param>
/// <param name="Path">The path template.</param>
internal sealed record RouteText(IReadOnlyList<string> Methods, string Path)
{
    /// <summary>Reads the short form; on failure <paramref name="error"/> says what is wrong.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RouteText? route, [NotNullWhen(false)] out string? error)
    {
        route = null;
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length is 0 or > 2)
        {
            error = $"'{text}' is no route; write it as \"GET /users/{{id}}\".";
            return false;
        }

        string[] methods = parts.Length == 1 || parts[0] == "*" ? [] : parts[0].ToUpperInvariant().Split(',');
        if (methods.FirstOrDefault(method => method.Length == 0 || !method.All(char.IsAsciiLetterUpper)) is { } wrong)
        {
            error = $"'{wrong}' in the route '{text}' is no HTTP method; write it as \"GET /users/{{id}}\".";
            return false;
        }

        if (!PathTemplate.TryParse(parts[^1], out _, out error))
        {
            return false;
        }

        route = new RouteText(methods, parts[^1]);
        return true;
    }

    /// <summary>The whole route to a function.</summary>
    public RouteSpec For(string function) => new() { Methods = Methods, Path = Path, Function = function };

    /// <inheritdoc/>
    public override string ToString() => Describe(Methods, Path);

    /// <summary>The short form of a route.</summary>
    public static string Describe(IReadOnlyList<string> methods, string path) => $"{(methods.Count == 0 ? "*" : string.Join(',', methods))} {path}";
}
