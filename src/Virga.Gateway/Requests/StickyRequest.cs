using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Virga.Core.Resources;

namespace Virga.Gateway.Requests;

/// <summary>Finds the part of a request by which a function with sticky routing wants its calls told apart.</summary>
internal static class StickyRequest
{
    /// <summary>The part's value; null when the function has no sticky routing or the request lacks the part.</summary>
    public static string? KeyOf(FunctionVersion function, Exchange exchange, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        if (function.Spec.Sticky is null || !StickyKey.TryParse(function.Spec.Sticky, out var key))
        {
            return null;
        }

        var value = key.Source switch
        {
            StickySource.Header => exchange.Request.Headers[key.Name].ToString(),
            StickySource.Query => OfQuery(exchange.Request.QueryString, key.Name),
            StickySource.Cookie => OfCookies(exchange.Request.Headers, key.Name),
            _ => parameters.FirstOrDefault(parameter => parameter.Key == key.Name).Value,
        };
        return string.IsNullOrEmpty(value) ? null : value;
    }

    private static string? OfQuery(string query, string name)
    {
        foreach (var pair in new QueryStringEnumerable(query))
        {
            if (pair.DecodeName().Span.SequenceEqual(name))
            {
                return pair.DecodeValue().ToString();
            }
        }

        return null;
    }

    private static string? OfCookies(IHeaderDictionary headers, string name)
    {
        if (!CookieHeaderValue.TryParseList(headers.Cookie, out var cookies))
        {
            return null;
        }

        return cookies.FirstOrDefault(cookie => cookie.Name == name)?.Value.ToString();
    }
}
