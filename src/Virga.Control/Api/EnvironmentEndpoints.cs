using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Changes;
using Virga.Control.Environments;
using Virga.Core.Resources;

namespace Virga.Control.Api;

/// <summary><c>/environments</c>: create, update, read, list, delete.</summary>
internal static class EnvironmentEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/environments").WithTags("environments");
        group.MapGet("", ListAsync).Produces<ResourcePage<EnvironmentResource>>().WithSummary("List environments");
        group.MapPost("", CreateAsync).Accepts<ResourceRequest<EnvironmentSpec>>("application/json").Produces<EnvironmentResource>(StatusCodes.Status201Created).WithSummary("Create an environment");
        group.MapPut("/{name}", PutAsync).Accepts<ResourceRequest<EnvironmentSpec>>("application/json").Produces<EnvironmentResource>().Produces<EnvironmentResource>(StatusCodes.Status201Created).WithSummary("Create or replace an environment");
        group.MapGet("/{name}", GetAsync).Produces<EnvironmentResource>().WithSummary("Read an environment");
        group.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete an environment");
    }

    private static async Task<IResult> ListAsync(HttpContext context, EnvironmentService environments)
    {
        var (limit, after) = context.ReadPaging();
        return ControlAnswers.Json(await environments.ListAsync(context.ReadScope(), after, limit, context.RequestAborted));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, EnvironmentService environments)
    {
        var scope = context.ReadScope();
        var request = await context.ReadJsonAsync<ResourceRequest<EnvironmentSpec>>();
        var name = Names.Require(request.Name, "name");
        return ControlAnswers.Put(context, await environments.PutAsync(scope, name, request.Spec, Precondition.New, context.RequestAborted));
    }

    private static async Task<IResult> PutAsync(HttpContext context, EnvironmentService environments)
    {
        var (scope, name) = (context.ReadScope(), context.ReadName());
        var request = await context.ReadJsonAsync<ResourceRequest<EnvironmentSpec>>();
        request.RequireName(name);
        return ControlAnswers.Put(context, await environments.PutAsync(scope, name, request.Spec, context.ReadPrecondition(request.Version), context.RequestAborted));
    }

    private static async Task<IResult> GetAsync(HttpContext context, EnvironmentService environments) =>
        ControlAnswers.Resource(context, await environments.GetAsync(context.ReadScope(), context.ReadName(), context.RequestAborted));

    private static async Task<IResult> DeleteAsync(HttpContext context, EnvironmentService environments)
    {
        await environments.DeleteAsync(context.ReadScope(), context.ReadName(), context.ReadPrecondition(), context.RequestAborted);
        return Results.NoContent();
    }
}
