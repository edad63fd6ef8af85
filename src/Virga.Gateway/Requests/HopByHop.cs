using System.Collections.Frozen;
using Microsoft.Extensions.Primitives;

namespace Virga.Gateway.Requests;

/// <summary>Headers that concern one connection and are passed on in neither direction (RFC 9110, section 7.6.1).</summary>
internal static class HopByHop
{
    private static readonly FrozenSet<string> Names = FrozenSet.ToFrozenSet(
        ["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "http2-settings"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header stays on its connection; <paramref name="connection"/> is the message's own <c>Connection</c> header.</summary>
    /// <remarks>Kestrel reduces a request's <c>Connection</c> header that has <c>close</c> to just that, so that the names beside it are not known here.</remarks>
    public static bool Contains(string name, StringValues connection) =>
        Names.Contains(name) || name.StartsWith("proxy-", StringComparison.OrdinalIgnoreCase) || IsNamedBy(connection, name);

    private static bool IsNamedBy(StringValues connection, string name)
    {
        for (var i = 0; i < connection.Count; i++)
        {
            var options = connection[i].AsSpan();

            // What nearly every client sends names no header.
            if (options.Equals("keep-alive", StringComparison.OrdinalIgnoreCase) || options.Equals("close", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            foreach (var option in options.Split(','))
            {
                if (options[option].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
