using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Changes;
using Virga.Control.Streams;
using Virga.Core.Resources;

namespace Virga.Control.Api;

/// <summary><c>/streams</c>: create, update, read, list, delete. How they run is told by the engine that runs them.</summary>
internal static class StreamEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/streams").WithTags("streams");
        group.MapGet("", ListAsync).Produces<ResourcePage<StreamResource>>().WithSummary("List stream functions");
        group.MapPost("", CreateAsync).Accepts<ResourceRequest<StreamSpec>>("application/json").Produces<StreamResource>(StatusCodes.Status201Created).WithSummary("Create a stream function");
        group.MapPut("/{name}", PutAsync).Accepts<ResourceRequest<StreamSpec>>("application/json").Produces<StreamResource>().Produces<StreamResource>(StatusCodes.Status201Created).WithSummary("Create or replace a stream function");
        group.MapGet("/{name}", GetAsync).Produces<StreamResource>().WithSummary("Read a stream function");
        group.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete a stream function");
    }

    private static async Task<IResult> ListAsync(HttpContext context, StreamService streams)
    {
        var (limit, after) = context.ReadPaging();
        return ControlAnswers.Json(await streams.ListAsync(context.ReadScope(), after, limit, context.RequestAborted));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, StreamService streams)
    {
        var request = await context.ReadJsonAsync<ResourceRequest<StreamSpec>>();
        return ControlAnswers.Put(context, await streams.PutAsync(context.ReadScope(), Names.Require(request.Name, "name"), request.Spec, Precondition.New, context.RequestAborted));
    }

    private static async Task<IResult> PutAsync(HttpContext context, StreamService streams)
    {
        var (scope, name) = (context.ReadScope(), context.ReadName());
        var request = await context.ReadJsonAsync<ResourceRequest<StreamSpec>>();
        request.RequireName(name);
        return ControlAnswers.Put(context, await streams.PutAsync(scope, name, request.Spec, context.ReadPrecondition(request.Version), context.RequestAborted));
    }

    private static async Task<IResult> GetAsync(HttpContext context, StreamService streams) =>
        ControlAnswers.Resource(context, await streams.GetAsync(context.ReadScope(), context.ReadName(), context.RequestAborted));

    private static async Task<IResult> DeleteAsync(HttpContext context, StreamService streams)
    {
        await streams.DeleteAsync(context.ReadScope(), context.ReadName(), context.ReadPrecondition(), context.RequestAborted);
        return Results.NoContent();
    }
}
