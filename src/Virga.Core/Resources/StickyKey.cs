using System.Diagnostics.CodeAnalysis;

namespace Virga.Core.Resources;

/// <summary>The part of a request by which it goes to the same instance each time.</summary>
/// <param name="Source">Where it is.</param>
/// <param name="Name">What it is called there; a header's name in lower case.</param>
public sealed record StickyKey(StickySource Source, string Name)
{
    /// <summary>What a sticky key looks like, for error messages.</summary>
    public const string Rule = "header:NAME, query:NAME, cookie:NAME or path:NAME";

    private const int MaxNameLength = 128;

    /// <summary>Reads <c>header:x-user</c> and the like.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out StickyKey? key)
    {
        key = null;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon < 0)
        {
            return false;
        }

        var name = text![(colon + 1)..];
        StickySource? source = text[..colon] switch
        {
            "header" => StickySource.Header,
            "query" => StickySource.Query,
            "cookie" => StickySource.Cookie,
            "path" => StickySource.Path,
            _ => null,
        };
        if (source is not { } place || name.Length is 0 or > MaxNameLength || !name.All(IsAllowed))
        {
            return false;
        }

        key = new StickyKey(place, place == StickySource.Header ? name.ToLowerInvariant() : name);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Source.ToString().ToLowerInvariant()}:{Name}";

    // The characters of an HTTP token (RFC 9110, 5.6.2), of which names of headers and cookies are made.
    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);
}
