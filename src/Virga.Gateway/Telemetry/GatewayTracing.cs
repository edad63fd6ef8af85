using System.Diagnostics;
using Microsoft.Extensions.Primitives;
using Virga.Gateway.Requests;

namespace Virga.Gateway.Telemetry;

/// <summary>The gateway's span of a request, made only when somebody listens.</summary>
internal static class GatewayTracing
{
    private static readonly ActivitySource Source = new("Virga.Gateway");

    public static Activity? Begin(Exchange exchange)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var headers = exchange.Request.Headers;
        var parent = ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var sent) ? sent : default;
        var activity = Source.StartActivity("request", ActivityKind.Server, parent);
        activity?.SetTag("http.request.method", exchange.Request.Method);
        activity?.SetTag("url.path", exchange.Request.Path);
        activity?.SetTag("virga.invocation.id", exchange.IdText);
        return activity;
    }

    /// <summary>The trace context for the function: the gateway's span, or what the client sent.</summary>
    public static string? TraceParent(Exchange exchange)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity && activity.Source == Source)
        {
            return activity.Id;
        }

        var header = exchange.Request.Headers.TraceParent;
        return StringValues.IsNullOrEmpty(header) ? null : header[0];
    }
}
