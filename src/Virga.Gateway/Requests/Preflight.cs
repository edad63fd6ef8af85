using Microsoft.AspNetCore.Http;

namespace Virga.Gateway.Requests;

/// <summary>CORS preflights: answered by the gateway for routes that have cross-origin rules, without a call of the function.</summary>
internal static class Preflight
{
    /// <summary>Answers the request when it is such a preflight.</summary>
    public static bool TryAnswer(Exchange exchange, CallResolver resolver)
    {
        var request = exchange.Request;
        if (request.Method != "OPTIONS")
        {
            return false;
        }

        var method = request.Headers.AccessControlRequestMethod;
        if (request.Headers.Origin.Count == 0 || method.Count == 0 || resolver.FindRoute(exchange, method.ToString())?.Cors is not { } cors)
        {
            return false;
        }

        exchange.Response.StatusCode = StatusCodes.Status204NoContent;
        var headers = exchange.Response.Headers;
        headers["Virga-Invocation-Id"] = exchange.IdText;
        cors.ApplyPreflight(request.Headers.Origin.ToString(), method.ToString(), request.Headers.AccessControlRequestHeaders, headers);
        return true;
    }
}
