using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Changes;
using Virga.Control.Dags;
using Virga.Core.Resources;

namespace Virga.Control.Api;

/// <summary><c>/dags</c>: create, update, read, list, delete. Calls and runs of them are served by the engine that runs them.</summary>
internal static class DagEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/dags").WithTags("dags");
        group.MapGet("", ListAsync).Produces<ResourcePage<DagResource>>().WithSummary("List DAGs");
        group.MapPost("", CreateAsync).Accepts<ResourceRequest<DagSpec>>("application/json").Produces<DagResource>(StatusCodes.Status201Created).WithSummary("Create a DAG");
        group.MapPut("/{name}", PutAsync).Accepts<ResourceRequest<DagSpec>>("application/json").Produces<DagResource>().Produces<DagResource>(StatusCodes.Status201Created).WithSummary("Create or replace a DAG");
        group.MapGet("/{name}", GetAsync).Produces<DagResource>().WithSummary("Read a DAG");
        group.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete a DAG");
    }

    private static async Task<IResult> ListAsync(HttpContext context, DagService dags)
    {
        var (limit, after) = context.ReadPaging();
        return ControlAnswers.Json(await dags.ListAsync(context.ReadScope(), after, limit, context.RequestAborted));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, DagService dags)
    {
        var request = await context.ReadJsonAsync<ResourceRequest<DagSpec>>();
        return ControlAnswers.Put(context, await dags.PutAsync(context.ReadScope(), Names.Require(request.Name, "name"), request.Spec, Precondition.New, context.RequestAborted));
    }

    private static async Task<IResult> PutAsync(HttpContext context, DagService dags)
    {
        var (scope, name) = (context.ReadScope(), context.ReadName());
        var request = await context.ReadJsonAsync<ResourceRequest<DagSpec>>();
        request.RequireName(name);
        return ControlAnswers.Put(context, await dags.PutAsync(scope, name, request.Spec, context.ReadPrecondition(request.Version), context.RequestAborted));
    }

    private static async Task<IResult> GetAsync(HttpContext context, DagService dags) =>
        ControlAnswers.Resource(context, await dags.GetAsync(context.ReadScope(), context.ReadName(), context.RequestAborted));

    private static async Task<IResult> DeleteAsync(HttpContext context, DagService dags)
    {
        await dags.DeleteAsync(context.ReadScope(), context.ReadName(), context.ReadPrecondition(), context.ReadFlag("cascade"), context.RequestAborted);
        return Results.NoContent();
    }
}
