using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;

namespace Virga.State.Api;

/// <summary>
/// Reads a key from the path of a request. A key may hold any characters, slashes and dots included, so it is taken from the target as the client sent it: by the
/// time that routing sees the path, <c>%2F</c> and <c>%252F</c> are the same, and dot segments are gone.
/// </summary>
internal static class KeyPath
{
    /// <summary>The rest of the path, percent-decoded.</summary>
    /// <param name="http">The request.</param>
    /// <param name="scope">Whose keys its path is about.</param>
    /// <exception cref="ProblemException"><c>invalid-key</c>, <c>invalid-request</c>.</exception>
    public static StateKey Read(HttpContext http, Scope scope)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var start = target.StartsWith('/') ? 0 : PathStart(target);
        var end = target.IndexOf('?', start);
        var path = target.AsSpan(start, (end < 0 ? target.Length : end) - start);
        var prefix = http.Request.RouteValues.ContainsKey("tenant") ? $"/api/v1/tenants/{scope.Tenant}/namespaces/{scope.Namespace}/state/" : "/api/v1/state/";
        return path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? StateKey.Require(scope, Decode(path[prefix.Length..]))
            : path.Length < prefix.Length ? StateKey.Require(scope, "")
            : throw new ProblemException(KnownProblems.InvalidRequest("The path before the key is not written plainly.", $"Write it as {prefix}KEY, and percent-encode in the key only."));
    }

    // A target in absolute form, as proxies are sent: the path begins after the authority.
    private static int PathStart(string target)
    {
        var authority = target.IndexOf("://", StringComparison.Ordinal);
        var path = authority < 0 ? -1 : target.IndexOf('/', authority + 3);
        return path < 0 ? target.Length : path;
    }

    private static string Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                var run = text[i..].IndexOf('%');
                run = run < 0 ? text.Length - i : run;
                length += Encoding.UTF8.GetBytes(text.Slice(i, run), bytes.AsSpan(length));
                i += run - 1;
            }
            else if (i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes[length++] = (byte)((HexValue(text[i + 1]) << 4) | HexValue(text[i + 2]));
                i += 2;
            }
            else
            {
                throw new ProblemException(KnownProblems.InvalidRequest("The key in the path has a '%' that begins no escape.", "Write a percent sign in a key as %25."));
            }
        }

        return Utf8.IsValid(bytes.AsSpan(0, length))
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw new ProblemException(KnownProblems.InvalidKey("The percent-decoded key in the path is no UTF-8."));
    }

    private static int HexValue(char digit) => char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
