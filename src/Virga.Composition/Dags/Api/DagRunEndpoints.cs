using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Composition.Dags.Pictures;
using Virga.Composition.Dags.Runs;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Composition.Dags.Api;

/// <summary>What the control API says of DAGs beyond their resources: calls, runs and pictures.</summary>
public static class DagRunEndpoints
{
    // Below the greatest value of shared state, with room for what is kept beside it.
    private const int MaxAsyncInput = 15 << 20;

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
            group.MapGet("/runs", By(ListAsync)).Produces<DagRunList>().WithSummary("List the last runs of a DAG that began on this node, and those that nobody waited for");
            group.MapGet("/runs/{run}", By(GetAsync)).Produces<DagRunDocument>().WithSummary("Read a run, step by step");
            group.MapGet("/runs/{run}/graph.svg", By(DrawRunAsync)).WithSummary("A picture of a run, with the timings of its steps");
            group.MapGet("/runs/{run}/output", By(OutputAsync)).WithSummary("The output of a run that nobody waited for");
            group.MapGet("/graph.svg", (HttpContext http) => Draw(http, Require(engine))).WithSummary("A picture of a DAG");
        }

        // A route handler, not a request delegate: what it gives is the answer.
        Func<HttpContext, Task<IResult>> By(Func<HttpContext, DagEngine, Task<IResult>> serve) => http => serve(http, Require(engine));
    }

    private static async Task InvokeAsync(HttpContext http, DagEngine engine)
    {
        if (http.Request.Query["async"].ToString() is "true")
        {
            await AcceptAsync(http, engine);
            return;
        }

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

    private static async Task AcceptAsync(HttpContext http, DagEngine engine)
    {
        var dag = Existing(http, engine);
        var runs = engine.Accepted ?? throw new ProblemException(KnownProblems.Unavailable("This node has no shared state to keep runs in.", "Call the DAG without async."));
        var type = http.Request.ContentType;
        var input = await StepValue.ReadAsync(http.Request.BodyReader, type is null or "application/json" ? null : type, http.RequestAborted);
        try
        {
            if (input.Body.Length > MaxAsyncInput)
            {
                throw new ProblemException(KnownProblems.BodyTooLarge($"The input of a run that nobody waits for may have {MaxAsyncInput:N0} bytes."));
            }

            var id = InvocationId.New(engine.Time);
            await runs.AcceptAsync(dag, id, input, http.RequestAborted);
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            http.Response.Headers["Virga-Dag-Run"] = id.ToString();
            http.Response.Headers.Location = $"{http.Request.Path.Value![..^"/invoke".Length]}/runs/{id}";
            http.Response.ContentType = MediaTypes.Json;
            await http.Response.WriteAsync($$"""{"id":"{{id}}","dag":"{{dag.Name.Name}}","status":"accepted"}""", http.RequestAborted);
        }
        finally
        {
            await input.ReleaseAsync();
        }
    }

    private static async Task<IResult> ListAsync(HttpContext http, DagEngine engine)
    {
        var dag = Existing(http, engine);
        var runs = engine.Book.RunsOf(dag.Name).Select(run => DagRunDocument.Of(run, engine.Node.Value)).ToList();
        if (engine.Accepted is { } accepted)
        {
            var known = runs.Select(run => run.Id).ToHashSet(StringComparer.Ordinal);
            runs.AddRange((await accepted.Store.ListAsync(dag.Name, http.RequestAborted)).Where(run => !known.Contains(run.Id)));
        }

        return Results.Json(new DagRunList([.. runs.OrderByDescending(run => run.StartedAt).Take(DagRunBook.Remembered)]), DagJson.Default.DagRunList);
    }

    private static async Task<IResult> GetAsync(HttpContext http, DagEngine engine) => Results.Json(await RunAsync(http, engine), DagJson.Default.DagRunDocument);

    private static async Task<IResult> OutputAsync(HttpContext http, DagEngine engine)
    {
        var run = await RunAsync(http, engine);
        if (engine.Accepted is { } accepted && InvocationId.TryParse(run.Id, out var id) && await accepted.Store.OutputAsync(NameOf(http), id, http.RequestAborted) is { } output)
        {
            return Results.Bytes(output.Body.ToArray(), output.Type);
        }

        throw new ProblemException(KnownProblems.NotFound($"The run '{run.Id}' is {run.Status.ToString().ToLowerInvariant()} and has no output that was kept.", "Outputs are kept of runs that nobody waited for, once they have succeeded, for a day."));
    }

    private static async Task<IResult> DrawRunAsync(HttpContext http, DagEngine engine) => Svg(DagPicture.Draw(Existing(http, engine).Graph, await RunAsync(http, engine)));

    private static IResult Draw(HttpContext http, DagEngine engine) => Svg(DagPicture.Draw(Existing(http, engine).Graph, null));

    private static IResult Svg(string picture) => Results.Text(picture, "image/svg+xml", Encoding.UTF8);

    private static async ValueTask<DagRunDocument> RunAsync(HttpContext http, DagEngine engine)
    {
        var text = http.Request.RouteValues["run"] as string;
        var name = NameOf(http);
        if (InvocationId.TryParse(text, out var id))
        {
            if (engine.Book.Find(name, id) is { } run)
            {
                return DagRunDocument.Of(run, engine.Node.Value);
            }

            if (engine.Accepted is { } accepted)
            {
                if (await accepted.Store.FindAsync(name, id, http.RequestAborted) is { } ended)
                {
                    return ended;
                }

                if (await accepted.Store.FindOpenAsync(name, id, http.RequestAborted) is { } open)
                {
                    return DagRunDocument.Of(open, open.Owner.Value, RunStatus.Accepted, null);
                }
            }
        }

        throw new ProblemException(KnownProblems.NotFound($"The DAG '{name.Name}' has no run '{ResourceName.Shorten(text)}' that is remembered.", "See `virga dag runs NAME`."));
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
