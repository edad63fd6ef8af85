using System.Diagnostics.CodeAnalysis;

namespace Virga.Core.Routing;

/// <summary>
/// A path with parameters: <c>/users/{id}</c> takes one segment, <c>/files/{*rest}</c> takes all that is left (at least nothing)
/// and stands last. Two templates with one <see cref="Shape"/> match the same paths.
/// </summary>
public sealed class PathTemplate
{
    private PathTemplate(string text, PathSegment[] segments, string shape)
    {
        Text = text;
        Segments = segments;
        Shape = shape;
    }

    /// <summary>The template as written.</summary>
    public string Text { get; }

    /// <summary>Its parts between the slashes.</summary>
    public IReadOnlyList<PathSegment> Segments { get; }

    /// <summary>The template without the names of its parameters: equal shapes conflict.</summary>
    public string Shape { get; }

    /// <summary>Reads a template; on failure <paramref name="error"/> says what is wrong and where.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PathTemplate? template, [NotNullWhen(false)] out string? error)
    {
        template = null;
        error = Validate(text, out var segments);
        if (error is not null)
        {
            return false;
        }

        var shape = "/" + string.Join('/', segments.Select(s => s.Kind switch
        {
            PathSegmentKind.Literal => s.Text,
            PathSegmentKind.Parameter => "{}",
            _ => "{*}",
        }));

        // Most templates have no parameter; there are many of them, and one string does for both.
        template = new PathTemplate(text!, segments, shape == text ? text : shape);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static string? Validate(string? text, out PathSegment[] segments)
    {
        segments = [];
        if (string.IsNullOrEmpty(text) || text[0] != '/')
        {
            return "A path template begins with '/'.";
        }

        if (text.Length > 1024)
        {
            return "A path template has at most 1,024 characters.";
        }

        if (text == "/")
        {
            return null;
        }

        var parts = text[1..].Split('/');
        var result = new PathSegment[parts.Length];
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < parts.Length; i++)
        {
            var part = parts[i];
            if (part.Length == 0 && i < parts.Length - 1)
            {
                return $"'{text}' has an empty segment; write one slash.";
            }

            if (!part.Contains('{', StringComparison.Ordinal) && !part.Contains('}', StringComparison.Ordinal))
            {
                if (part is "." or "..")
                {
                    return $"'{text}' has the segment '{part}', which no request can have.";
                }

                if (part.Any(c => c is '?' or '#' or '%' or '*' || char.IsControl(c) || char.IsWhiteSpace(c)))
                {
                    return $"The segment '{part}' has a character that a path template cannot have; write it decoded, without ?, #, %, * and spaces.";
                }

                result[i] = new PathSegment(PathSegmentKind.Literal, part);
                continue;
            }

            if (part[0] != '{' || part[^1] != '}')
            {
                return $"The segment '{part}' mixes text and a parameter; a parameter fills its whole segment, as in /users/{{id}}.";
            }

            var wildcard = part.StartsWith("{*", StringComparison.Ordinal);
            var name = part[(wildcard ? 2 : 1)..^1];
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            {
                return $"The parameter '{part}' needs a name of letters, digits, '_' or '-'.";
            }

            if (!names.Add(name))
            {
                return $"The parameter '{name}' stands twice in '{text}'.";
            }

            if (wildcard && i < parts.Length - 1)
            {
                return $"The wildcard '{part}' must be the last segment.";
            }

            result[i] = new PathSegment(wildcard ? PathSegmentKind.Wildcard : PathSegmentKind.Parameter, name);
        }

        segments = result;
        return null;
    }
}
