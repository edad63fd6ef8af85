using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Virga.Control.Packages;

namespace Virga.Control.Api;

/// <summary><c>/packages</c>: upload, read, list, delete.</summary>
internal static class PackageEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/packages").WithTags("packages");
        group.MapGet("", ListAsync).Produces<ResourcePage<PackageDocument>>().WithSummary("List packages");
        group.MapPost("", UploadAsync).Produces<PackageDocument>().Produces<PackageDocument>(StatusCodes.Status201Created).WithSummary("Upload a package")
            .WithDescription("The body is a zip, or with `file=NAME` a single file of that name. The same files are one package, however they were packed: 200 when it was there already.");
        group.MapGet("/{digest}", GetAsync).Produces<PackageDocument>().WithSummary("Read a package's data");
        group.MapDelete("/{digest}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete a package that no function version uses");
    }

    private static async Task<IResult> ListAsync(HttpContext context, PackageService packages)
    {
        var (limit, after) = context.ReadPaging();
        return ControlAnswers.Json(await packages.ListAsync(context.ReadScope(), after, limit, context.RequestAborted));
    }

    private static async Task<IResult> UploadAsync(HttpContext context, PackageService packages)
    {
        // The store counts as it receives and refuses with our own problem.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        var scope = context.ReadScope();
        var file = context.Request.Query.TryGetValue("file", out var name) ? name.ToString() : null;
        var (package, created) = await packages.AddAsync(scope, context.Request.Body, file, context.RequestAborted);
        return ControlAnswers.Resource(context, package, package.Version, created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static async Task<IResult> GetAsync(HttpContext context, PackageService packages, string digest)
    {
        var package = await packages.GetAsync(context.ReadScope(), digest, context.RequestAborted);
        return ControlAnswers.Resource(context, package, package.Version);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, PackageService packages, string digest)
    {
        await packages.DeleteAsync(context.ReadScope(), digest, context.RequestAborted);
        return Results.NoContent();
    }
}
