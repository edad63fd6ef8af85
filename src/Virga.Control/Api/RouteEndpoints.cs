using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Changes;
using Virga.Control.Routes;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Api;

/// <summary><c>/routes</c>: create, update, read, list, delete.</summary>
internal static class RouteEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/routes").WithTags("routes");
        group.MapGet("", ListAsync).Produces<ResourcePage<RouteResource>>().WithSummary("List routes");
        group.MapPost("", CreateAsync).Accepts<ResourceRequest<RouteSpec>>("application/json").Produces<RouteResource>(StatusCodes.Status201Created).WithSummary("Create a route");
        group.MapPut("/{name}", PutAsync).Accepts<ResourceRequest<RouteSpec>>("application/json").Produces<RouteResource>().Produces<RouteResource>(StatusCodes.Status201Created).WithSummary("Create or replace a route");
        group.MapGet("/{name}", GetAsync).Produces<RouteResource>().WithSummary("Read a route");
        group.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete a route");
    }

    private static async Task<IResult> ListAsync(HttpContext context, RouteService routes)
    {
        var (limit, after) = context.ReadPaging();
        return ControlAnswers.Json(await routes.ListAsync(context.ReadScope(), after, limit, context.RequestAborted));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, RouteService routes)
    {
        var scope = context.ReadScope();
        var request = await context.ReadJsonAsync<ResourceRequest<RouteSpec>>();
        ResourceName? name = request.Name is null ? null : Names.Require(request.Name, "name");
        return ControlAnswers.Put(context, await routes.PutAsync(scope, name, request.Spec, Precondition.New, context.RequestAborted));
    }

    private static async Task<IResult> PutAsync(HttpContext context, RouteService routes)
    {
        var (scope, name) = (context.ReadScope(), context.ReadName());
        var request = await context.ReadJsonAsync<ResourceRequest<RouteSpec>>();
        request.RequireName(name);
        return ControlAnswers.Put(context, await routes.PutAsync(scope, name, request.Spec, context.ReadPrecondition(request.Version), context.RequestAborted));
    }

    private static async Task<IResult> GetAsync(HttpContext context, RouteService routes) =>
        ControlAnswers.Resource(context, await routes.GetAsync(context.ReadScope(), context.ReadName(), context.RequestAborted));

    private static async Task<IResult> DeleteAsync(HttpContext context, RouteService routes)
    {
        await routes.DeleteAsync(context.ReadScope(), context.ReadName(), context.ReadPrecondition(), context.RequestAborted);
        return Results.NoContent();
    }
}
