using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Changes;
using Virga.Control.Triggers;
using Virga.Core.Resources;

namespace Virga.Control.Api;

/// <summary><c>/triggers</c>: create, update, read, list, delete. How they fare is served by the engine that runs them.</summary>
internal static class TriggerEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/triggers").WithTags("triggers");
        group.MapGet("", ListAsync).Produces<ResourcePage<TriggerResource>>().WithSummary("List triggers");
        group.MapPost("", CreateAsync).Accepts<ResourceRequest<TriggerSpec>>("application/json").Produces<TriggerResource>(StatusCodes.Status201Created).WithSummary("Create a trigger");
        group.MapPut("/{name}", PutAsync).Accepts<ResourceRequest<TriggerSpec>>("application/json").Produces<TriggerResource>().Produces<TriggerResource>(StatusCodes.Status201Created).WithSummary("Create or replace a trigger");
        group.MapGet("/{name}", GetAsync).Produces<TriggerResource>().WithSummary("Read a trigger");
        group.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete a trigger");
    }

    private static async Task<IResult> ListAsync(HttpContext context, TriggerService triggers)
    {
        var (limit, after) = context.ReadPaging();
        return ControlAnswers.Json(await triggers.ListAsync(context.ReadScope(), after, limit, context.RequestAborted));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, TriggerService triggers)
    {
        var request = await context.ReadJsonAsync<ResourceRequest<TriggerSpec>>();
        return ControlAnswers.Put(context, await triggers.PutAsync(context.ReadScope(), Names.Require(request.Name, "name"), request.Spec, Precondition.New, context.RequestAborted));
    }

    private static async Task<IResult> PutAsync(HttpContext context, TriggerService triggers)
    {
        var (scope, name) = (context.ReadScope(), context.ReadName());
        var request = await context.ReadJsonAsync<ResourceRequest<TriggerSpec>>();
        request.RequireName(name);
        return ControlAnswers.Put(context, await triggers.PutAsync(scope, name, request.Spec, context.ReadPrecondition(request.Version), context.RequestAborted));
    }

    private static async Task<IResult> GetAsync(HttpContext context, TriggerService triggers) =>
        ControlAnswers.Resource(context, await triggers.GetAsync(context.ReadScope(), context.ReadName(), context.RequestAborted));

    private static async Task<IResult> DeleteAsync(HttpContext context, TriggerService triggers)
    {
        await triggers.DeleteAsync(context.ReadScope(), context.ReadName(), context.ReadPrecondition(), context.RequestAborted);
        return Results.NoContent();
    }
}
