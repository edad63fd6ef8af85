using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Changes;
using Virga.Control.Functions;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Api;

/// <summary><c>/functions</c>: create, update, read, list, delete.</summary>
internal static class FunctionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/functions").WithTags("functions");
        group.MapGet("", ListAsync).Produces<ResourcePage<FunctionResource>>().WithSummary("List functions")
            .WithDescription("In the order of their names. `limit` is at most 1000; `continue` takes the value of the previous page's `continue`.");
        group.MapPost("", CreateAsync).Accepts<ResourceRequest<FunctionSpec>>("application/json").Produces<FunctionResource>(StatusCodes.Status201Created).WithSummary("Create a function");
        group.MapPut("/{name}", PutAsync).Accepts<ResourceRequest<FunctionSpec>>("application/json").Produces<FunctionResource>().Produces<FunctionResource>(StatusCodes.Status201Created)
            .WithSummary("Create a function, or make a new version of it")
            .WithDescription("The new version gets all traffic at once; calls that run finish on the old one. An unchanged spec makes no new version. `If-Match` or `version` guards against changes of others.");
        group.MapGet("/{name}", GetAsync).Produces<FunctionResource>().WithSummary("Read a function");
        group.MapPatch("/{name}/scale", ScaleAsync).Accepts<ScaleRequest>("application/json").Produces<FunctionResource>().WithSummary("Scale a function")
            .WithDescription("Changes the members of the body that are not null, for all versions of the function; makes no version and replaces no instance. Deploying a spec sets them to what the spec says.");
        group.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete a function")
            .WithDescription("Refused with 409 while a route, a trigger or a stream function calls it, unless `cascade=true`, which deletes these too; the subscriptions of triggers and stream functions stay.");
    }

    private static async Task<IResult> ListAsync(HttpContext context, FunctionService functions)
    {
        var (limit, after) = context.ReadPaging();
        return ControlAnswers.Json(await functions.ListAsync(context.ReadScope(), after, limit, context.RequestAborted));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, FunctionService functions)
    {
        var scope = context.ReadScope();
        var request = await context.ReadJsonAsync<ResourceRequest<FunctionSpec>>();
        var name = new FunctionName(scope.Tenant, scope.Namespace, Names.Require(request.Name, "name"));
        return ControlAnswers.Put(context, await functions.PutAsync(name, request.Spec, Precondition.New, context.RequestAborted));
    }

    private static async Task<IResult> PutAsync(HttpContext context, FunctionService functions)
    {
        var name = context.ReadFunctionName();
        var request = await context.ReadJsonAsync<ResourceRequest<FunctionSpec>>();
        request.RequireName(name.Name);
        return ControlAnswers.Put(context, await functions.PutAsync(name, request.Spec, context.ReadPrecondition(request.Version), context.RequestAborted));
    }

    private static async Task<IResult> GetAsync(HttpContext context, FunctionService functions) =>
        ControlAnswers.Resource(context, await functions.GetAsync(context.ReadFunctionName(), context.RequestAborted));

    private static async Task<IResult> ScaleAsync(HttpContext context, FunctionService functions)
    {
        var name = context.ReadFunctionName();
        var request = await context.ReadJsonAsync<ScaleRequest>();
        return ControlAnswers.Resource(context, await functions.ScaleAsync(name, request, context.ReadPrecondition(request.Version), context.RequestAborted));
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, FunctionService functions)
    {
        await functions.DeleteAsync(context.ReadFunctionName(), context.ReadPrecondition(), context.ReadFlag("cascade"), context.RequestAborted);
        return Results.NoContent();
    }
}
