using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Virga.Core.Resources;

namespace Virga.Gateway.Cors;

/// <summary>The CORS protocol of one route (Fetch standard, section 3.2), with its header values made beforehand.</summary>
internal sealed class CorsPolicy
{
    private static readonly StringValues True = "true";

    private readonly HashSet<string> _origins;
    private readonly bool _anyOrigin;
    private readonly bool _credentials;
    private readonly bool _anyHeader;
    private readonly StringValues _headers;
    private readonly StringValues _exposedHeaders;
    private readonly StringValues _maxAge;

    public CorsPolicy(CorsSpec spec)
    {
        _origins = new HashSet<string>(spec.Origins, StringComparer.OrdinalIgnoreCase);
        _anyOrigin = _origins.Contains("*");

        // With credentials "any origin" would let every page act for the user, so that the wildcard takes them away.
        _credentials = spec.Credentials && !_anyOrigin;
        _anyHeader = spec.Headers.Contains("*", StringComparer.Ordinal);
        _headers = Join(spec.Headers);
        _exposedHeaders = Join(spec.ExposedHeaders);
        _maxAge = ((long)spec.MaxAge.Span.TotalSeconds).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Whether the function's own header of this name is replaced by the policy's.</summary>
    public static bool Owns(string name) => name.StartsWith("access-control-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Adds what an answer to the origin carries; nothing but <c>Vary</c> when the origin is not allowed, which makes the browser refuse it.</summary>
    public void Apply(string origin, IHeaderDictionary response)
    {
        if (Allow(origin, response) && _exposedHeaders.Count > 0)
        {
            response.AccessControlExposeHeaders = _exposedHeaders;
        }
    }

    /// <summary>Adds what the answer to a preflight carries.</summary>
    public void ApplyPreflight(string origin, string method, StringValues requestedHeaders, IHeaderDictionary response)
    {
        if (!Allow(origin, response))
        {
            return;
        }

        response.AccessControlAllowMethods = method;
        response.AccessControlMaxAge = _maxAge;
        var allowed = _anyHeader ? requestedHeaders : _headers;
        if (allowed.Count > 0)
        {
            response.AccessControlAllowHeaders = allowed;
        }

        if (_anyHeader)
        {
            response.Append("Vary", "Access-Control-Request-Headers");
        }
    }

    private static StringValues Join(IReadOnlyList<string> names) => names.Count == 0 ? StringValues.Empty : string.Join(", ", names);

    private bool Allow(string origin, IHeaderDictionary response)
    {
        if (!_anyOrigin)
        {
            response.Append("Vary", "Origin");
            if (!_origins.Contains(origin))
            {
                return false;
            }
        }

        response.AccessControlAllowOrigin = _anyOrigin ? "*" : origin;
        if (_credentials)
        {
            response.AccessControlAllowCredentials = True;
        }

        return true;
    }
}
