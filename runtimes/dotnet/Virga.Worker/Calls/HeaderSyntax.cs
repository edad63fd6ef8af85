using System.Buffers;

namespace Virga.Worker.Calls;

/// <summary>What RFC 9110 allows in a header.</summary>
internal static class HeaderSyntax
{
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> Breaks = SearchValues.Create("\r\n\0");

    public static bool IsName(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(Token);

    public static bool IsValue(string value) => !value.AsSpan().ContainsAny(Breaks);
}
