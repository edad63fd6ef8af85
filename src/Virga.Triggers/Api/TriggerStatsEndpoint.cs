using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Triggers;

namespace Virga.Triggers.Api;

/// <summary>How triggers fare, on all nodes together: <c>/triggers/NAME/stats</c>.</summary>
public static class TriggerStatsEndpoint
{
    private const string Prefix = "/api/v1";

    /// <summary>Maps it.</summary>
    /// <param name="endpoints">Where.</param>
    /// <param name="engine">Gives the engine, or refuses while there is none.</param>
    public static void MapVirgaTriggers(this IEndpointRouteBuilder endpoints, Func<TriggerEngine> engine)
    {
        Map(endpoints.MapGroup(Prefix), engine);
        Map(endpoints.MapGroup(Prefix + "/tenants/{tenant}/namespaces/{namespace}"), engine);
    }

    private static void Map(RouteGroupBuilder api, Func<TriggerEngine> engine)
    {
        // A route handler, not a request delegate: what it gives is the answer.
        Func<HttpContext, Task<IResult>> stats = http => StatsAsync(http, engine());
        api.MapGet("/triggers/{name}/stats", stats).WithTags("triggers").Produces<TriggerStats>().WithSummary("How a trigger fares, on all nodes together");
    }

    private static async Task<IResult> StatsAsync(HttpContext http, TriggerEngine engine) =>
        Results.Json(await engine.StatsAsync(new TriggerName(new Scope(Part(http, "tenant"), Part(http, "namespace")), Part(http, "name")), http.RequestAborted), TriggerJson.Default.TriggerStats);

    private static ResourceName Part(HttpContext http, string part) => http.Request.RouteValues[part] switch
    {
        null => ResourceName.Default,
        string text when ResourceName.TryParse(text, out var name) => name,
        var other => throw new ProblemException(KnownProblems.InvalidName($"The {part} '{ResourceName.Shorten(other.ToString())}' is no valid name.")),
    };
}
