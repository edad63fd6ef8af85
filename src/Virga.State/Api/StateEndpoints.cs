using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Virga.Core.Problems;

namespace Virga.State.Api;

/// <summary>Maps what shared state adds to the control API.</summary>
public static class StateEndpoints
{
    private const string Key = "/state/{**key}";
    private static readonly string[] Roots = ["/api/v1", "/api/v1/tenants/{tenant}/namespaces/{namespace}"];
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps <c>state</c>, <c>state-changes</c>, <c>state-export</c> and <c>state-import</c> under <c>/api/v1</c>, each under its full and its short path.</summary>
    /// <param name="endpoints">The control API.</param>
    /// <param name="engine">Gives the engine; asked with each request, since a node opens it after its API has been built.</param>
    public static IEndpointRouteBuilder MapVirgaState(this IEndpointRouteBuilder endpoints, Func<StateEngine> engine)
    {
        var services = endpoints.ServiceProvider;
        var time = services.GetRequiredService<TimeProvider>();
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var listing = new ListEndpoint(engine, time);
        var changes = new ChangesEndpoint(engine, time, stopping);
        var reading = new ReadEndpoint(engine);
        var writing = new WriteEndpoints(engine, reading);
        var transfer = new TransferEndpoints(engine);
        foreach (var root in Roots)
        {
            var state = endpoints.MapGroup(root).WithTags("state");
            state.MapMethods(Key, Reading, Described(reading.GetAsync)).WithSummary("Read a key")
                .WithDescription("The rest of the path, percent-decoded, is the key. The answer is what was put, with its content type, or for other kinds of value their JSON form; `ETag` is the version, `Virga-State-Kind` the kind. Where versions were written at the same time, the answer is {\"siblings\":[…]} and `Virga-State-Siblings` says how many they are.");
            state.MapPut(Key, Described(writing.PutAsync)).WithSummary("Put a value")
                .WithDescription("JSON and text are stored as such by their content type, everything else as bytes; at most 16 MiB. `ttl=30s` makes it go by itself; `If-Match` with a version, or `If-None-Match: *`, makes it conditional.");
            state.MapDelete(Key, Described(writing.DeleteAsync)).WithSummary("Delete a key")
                .WithDescription("Answers whether it existed. `If-Match` with a version makes it conditional.");
            state.MapPatch(Key, Described(writing.PatchAsync)).WithSummary("Update a key")
                .WithDescription("The body is an update such as {\"counter\":{\"increment\":1}}; the answer is what it gives.");
            state.MapPost(Key, Described(reading.QueryAsync)).WithSummary("Ask something of a key")
                .WithDescription("The body is a query such as {\"set\":{\"has\":\"a\"}}; the answer is what it gives. Nothing is changed.");
            state.MapGet("/state", Described(listing.GetAsync)).WithSummary("List keys")
                .WithDescription("Keys with `prefix`, in ordinal order, at most `limit` (100, up to 1000), after the key `after`; `next` is what to give as `after` for the rest.");
            state.MapGet("/state-changes", Described(changes.GetAsync)).WithSummary("Follow changes of keys")
                .WithDescription("Changes of keys with `prefix` after `cursor`; waits up to `wait` (at most 60s) for the first. Without a cursor it begins now. With `Accept: text/event-stream` the answer goes on as server-sent events. 410 when changes after the cursor are no longer kept.");
            state.MapGet("/state-export", Described(transfer.ExportAsync)).WithSummary("Export keys")
                .WithDescription("Every key with `prefix` as one line of JSON, with all that is known of it.");
            state.MapPost("/state-import", Described(transfer.ImportAsync)).WithSummary("Import keys")
                .WithDescription("Lines of an export. They are merged with what is there, so that importing twice is the same as once. The first bad line ends it.");
        }

        return endpoints;
    }

    // As a handler whose signature can be seen: the API's description leaves others out.
    private static Delegate Described(RequestDelegate handler)
    {
        var guarded = ProblemGuard.Around(handler);
        return (HttpContext http) => guarded(http);
    }
}
