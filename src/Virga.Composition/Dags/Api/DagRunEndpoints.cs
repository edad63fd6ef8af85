using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Composition.Dags.Pictures;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Composition.Dags.Api;

/// <summary>What the control API says of DAGs beyond their resources: calls, runs and pictures.</summary>
public static class DagRunEndpoints
{
    private static readonly string[] Scopes = ["/api/v1", "/api/v1/tenants/{tenant}/namespaces/{namespace}"];

    /// <summary>Maps them.</summary>
    /// <param name="endpoints">Where.</param>
    /// <param name="engine">Gives the engine once it has started; null until then.</param>
    public static void MapVirgaDags(this IEndpointRouteBuilder endpoints, Func<DagEngine?> engine)
    {
        foreach (var scope in Scopes)
        {
            var group = endpoints.MapGroup(scope + "/dags/{name}").WithTags("dags");
            group.MapPost("/invoke", http => InvokeAsync(http, Require(engine))).WithSummary("Run a DAG")
                .WithDescription("The body is the run's input, the answer its output. The header Virga-Dag-Run names the run. With `async=true` the answer is 202 as soon as the run is kept.");
            group.MapGet("/runs", (HttpContext http) => List(http, Require(engine))).Produces<DagRunList>().WithSummary("List the last runs of a DAG that began on this node");
            group.MapGet("/runs/{run}", (HttpContext http) => Get(http, Require(engine))).Produces<DagRunDocument>().WithSummary("Read a run, step by step");
            group.MapGet("/runs/{run}/graph.svg", (HttpContext http) => DrawRun(http, Require(engine))).WithSummary("A picture of a run, with the timings of its steps");
            group.MapGet("/graph.svg", (HttpContext http) => Draw(http, Require(engine))).WithSummary("A picture of a DAG");
        }
    }

    private static async Task InvokeAsync(HttpContext http, DagEngine engine)
    {
        var receivedAt = engine.Time.GetTimestamp();
        var type = http.Request.ContentType;
        var call = new DagCall
        {
            Id = InvocationId.New(engine.Time),
            Dag = Existing(http, engine).Name,
            BodyStream = http.Request.ContentLength == 0 ? null : http.Request.BodyReader,
            ContentType = type is null or "application/json" ? null : type,
            TraceParent = http.Request.Headers.TraceParent,
            ReceivedAt = receivedAt,
        };
        await using var result = await engine.InvokeAsync(call, http.RequestAborted);
        var headers = http.Response.Headers;
        headers["Virga-Dag-Run"] = call.Id.ToString();
        headers["Server-Timing"] = string.Create(CultureInfo.InvariantCulture, $"run;dur={result.Timing.Run.TotalMilliseconds:0.###}");
        if (result.Problem is { } problem)
        {
            var body = ProblemJson.Format(problem, call.Id.ToString());
            http.Response.StatusCode = problem.Status;
            http.Response.ContentType = ProblemJson.ContentType;
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
            return;
        }

        http.Response.StatusCode = result.Status;
        http.Response.ContentType = result.Headers![0].Value;
        http.Response.ContentLength = result.Body.Length;
        await http.Response.Body.WriteAsync(result.Body, http.RequestAborted);
    }

    private static IResult List(HttpContext http, DagEngine engine)
    {
        var dag = Existing(http, engine);
        return Results.Json(new DagRunList([.. engine.Book.RunsOf(dag.Name).Select(run => DagRunDocument.Of(run, engine.Node.Value))]), DagJson.Default.DagRunList);
    }

    private static IResult Get(HttpContext http, DagEngine engine) => Results.Json(Run(http, engine), DagJson.Default.DagRunDocument);

    private static IResult DrawRun(HttpContext http, DagEngine engine)
    {
        var run = Run(http, engine);
        return Svg(DagPicture.Draw(Existing(http, engine).Graph, run));
    }

    private static IResult Draw(HttpContext http, DagEngine engine) => Svg(DagPicture.Draw(Existing(http, engine).Graph, null));

    private static IResult Svg(string picture) => Results.Text(picture, "image/svg+xml", Encoding.UTF8);

    private static DagRunDocument Run(HttpContext http, DagEngine engine)
    {
        var text = http.Request.RouteValues["run"] as string;
        var name = NameOf(http);
        return InvocationId.TryParse(text, out var id) && engine.Book.Find(name, id) is { } run
            ? DagRunDocument.Of(run, engine.Node.Value)
            : throw new ProblemException(KnownProblems.NotFound($"The DAG '{name.Name}' has no run '{ResourceName.Shorten(text)}' that this node remembers.", "See `virga dag runs NAME`."));
    }

    private static Dag Existing(HttpContext http, DagEngine engine)
    {
        var name = NameOf(http);
        return engine.Catalog.Find(name) ?? throw new ProblemException(KnownProblems.NotFound($"There is no DAG '{name.Name}'.", "See `virga dag list`."));
    }

    private static DagName NameOf(HttpContext http) => new(new Scope(Part(http, "tenant"), Part(http, "namespace")), Part(http, "name"));

    private static ResourceName Part(HttpContext http, string part) => http.Request.RouteValues[part] switch
    {
        null => ResourceName.Default,
        string text when ResourceName.TryParse(text, out var name) => name,
        var other => throw new ProblemException(KnownProblems.InvalidName($"The {part} '{ResourceName.Shorten(other.ToString())}' is no valid name.")),
    };

    private static DagEngine Require(Func<DagEngine?> engine) =>
        engine() ?? throw new ProblemException(KnownProblems.Unavailable("The node is starting.", "Try again when /readyz says 200."));
}
