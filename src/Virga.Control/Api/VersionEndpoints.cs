using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Functions;

namespace Virga.Control.Api;

/// <summary><c>/functions/{name}/versions</c>, <c>/rollback</c> and <c>/aliases</c>.</summary>
internal static class VersionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/functions/{name}").WithTags("versions");
        group.MapGet("/versions", ListAsync).Produces<ItemList<FunctionVersionDocument>>().WithSummary("List the kept versions, newest first");
        group.MapPost("/rollback", RollBackAsync).Accepts<RollbackRequest>("application/json").Produces<FunctionResource>().WithSummary("Move all traffic back to an older version")
            .WithDescription("To the version in the body; with an empty object, to the one before the live version.");
        group.MapGet("/aliases", ListAliasesAsync).Produces<IReadOnlyDictionary<string, AliasTarget>>().WithSummary("List a function's aliases");
        group.MapPut("/aliases/{alias}", PutAliasAsync).Accepts<AliasTarget>("application/json").Produces<FunctionResource>().WithSummary("Make or move an alias")
            .WithDescription("With `alternate`, that version gets `weight` (over 0, under 1) of the calls.");
        group.MapDelete("/aliases/{alias}", DeleteAliasAsync).Produces<FunctionResource>().WithSummary("Take an alias away");
    }

    private static async Task<IResult> ListAsync(HttpContext context, AliasService aliases) =>
        ControlAnswers.Json(new ItemList<FunctionVersionDocument>(await aliases.ListVersionsAsync(context.ReadFunctionName(), context.RequestAborted)));

    private static async Task<IResult> RollBackAsync(HttpContext context, AliasService aliases)
    {
        var name = context.ReadFunctionName();
        var request = await context.ReadJsonAsync<RollbackRequest>();
        return ControlAnswers.Resource(context, await aliases.RollBackAsync(name, request.Version, context.ReadPrecondition(), context.RequestAborted));
    }

    private static async Task<IResult> ListAliasesAsync(HttpContext context, AliasService aliases) =>
        ControlAnswers.Json(await aliases.ListAsync(context.ReadFunctionName(), context.RequestAborted));

    private static async Task<IResult> PutAliasAsync(HttpContext context, AliasService aliases, string alias)
    {
        var name = context.ReadFunctionName();
        var target = await context.ReadJsonAsync<AliasTarget>();
        return ControlAnswers.Resource(context, await aliases.PutAsync(name, alias, target, context.ReadPrecondition(), context.RequestAborted));
    }

    private static async Task<IResult> DeleteAliasAsync(HttpContext context, AliasService aliases, string alias) =>
        ControlAnswers.Resource(context, await aliases.DeleteAsync(context.ReadFunctionName(), alias, context.ReadPrecondition(), context.RequestAborted));
}
