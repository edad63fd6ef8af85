using Microsoft.AspNetCore.Http;

namespace Virga.Control.Api;

/// <summary>Answers as every endpoint of the API gives them.</summary>
internal static class ControlAnswers
{
    public static IResult Json<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, ControlJson.Options, statusCode: status);

    /// <summary>One resource with its version as ETag.</summary>
    public static IResult Resource<T>(HttpContext context, T resource, long version, int status = StatusCodes.Status200OK)
    {
        context.Response.Headers.ETag = $"\"{version}\"";
        return Json(resource, status);
    }

    public static IResult Resource<TSpec, TStatus>(HttpContext context, ResourceDocument<TSpec, TStatus> resource) => Resource(context, resource, resource.Version);

    public static IResult Put<TSpec, TStatus>(HttpContext context, PutResult<ResourceDocument<TSpec, TStatus>> result) =>
        Resource(context, result.Resource, result.Resource.Version, result.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
}
