using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Triggers;
using Virga.Triggers.Runs;

namespace Virga.Triggers.Api;

/// <summary>How triggers fare on this node: <c>/triggers/NAME/stats</c>.</summary>
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

    private static void Map(RouteGroupBuilder api, Func<TriggerEngine> engine) =>
        api.MapGet("/triggers/{name}/stats", (HttpContext http) => Results.Json(Find(http, engine), TriggerJson.Default.TriggerFigures)).WithTags("triggers").WithSummary("How a trigger fares on this node");

    private static TriggerFigures Find(HttpContext http, Func<TriggerEngine> engine)
    {
        var name = new TriggerName(new Scope(Part(http, "tenant"), Part(http, "namespace")), Part(http, "name"));
        return engine().FiguresOf(name) ?? throw new ProblemException(KnownProblems.NotFound($"There is no trigger '{name}'.", "See `virga trigger list`."));
    }

    private static ResourceName Part(HttpContext http, string part) => http.Request.RouteValues[part] switch
    {
        null => ResourceName.Default,
        string text when ResourceName.TryParse(text, out var name) => name,
        var other => throw new ProblemException(KnownProblems.InvalidName($"The {part} '{ResourceName.Shorten(other.ToString())}' is no valid name.")),
    };
}

/// <summary>How figures look as JSON.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(TriggerFigures))]
internal sealed partial class TriggerJson : JsonSerializerContext;
