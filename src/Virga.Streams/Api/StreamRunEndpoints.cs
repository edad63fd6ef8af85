using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Streams;

namespace Virga.Streams.Api;

/// <summary>What the control API says of stream functions beyond their resources: how they run.</summary>
public static class StreamRunEndpoints
{
    private static readonly string[] Scopes = ["/api/v1", "/api/v1/tenants/{tenant}/namespaces/{namespace}"];

    /// <summary>Maps them.</summary>
    /// <param name="endpoints">Where.</param>
    /// <param name="engine">Gives the engine, or throws the problem that says why there is none.</param>
    public static void MapVirgaStreams(this IEndpointRouteBuilder endpoints, Func<StreamEngine> engine)
    {
        foreach (var scope in Scopes)
        {
            var group = endpoints.MapGroup(scope + "/streams/{name}").WithTags("streams");
            group.MapGet("/stats", By(StatsAsync)).Produces<StreamStats>().WithSummary("How a stream function runs, on all nodes together");
            group.MapPost("/restart", By(RestartAsync)).Produces(StatusCodes.Status204NoContent).WithSummary("Stop a stream function and start it again where its acknowledgements stand");
        }

        // A route handler, not a request delegate: what it gives is the answer.
        Func<HttpContext, Task<IResult>> By(Func<HttpContext, StreamEngine, Task<IResult>> serve) => http => serve(http, engine());
    }

    private static async Task<IResult> StatsAsync(HttpContext http, StreamEngine engine) =>
        Results.Json(await engine.StatsAsync(NameOf(http), http.RequestAborted), StreamStatsJson.Default.StreamStats);

    private static async Task<IResult> RestartAsync(HttpContext http, StreamEngine engine)
    {
        try
        {
            await engine.RestartAsync(NameOf(http), http.RequestAborted);
            return Results.NoContent();
        }
        catch (NodeUnreachableException e)
        {
            throw new ProblemException(KnownProblems.Unavailable($"{e.Message} It may not have restarted the stream.", "Restart it again."), e);
        }
    }

    private static StreamName NameOf(HttpContext http) => new(new Scope(Part(http, "tenant"), Part(http, "namespace")), Part(http, "name"));

    private static ResourceName Part(HttpContext http, string part)
    {
        var text = http.Request.RouteValues[part] as string ?? ResourceName.Default.Value;
        return ResourceName.TryParse(text, out var name) ? name : throw new ProblemException(KnownProblems.InvalidName($"'{ResourceName.Shorten(text)}' is no valid name."));
    }
}
