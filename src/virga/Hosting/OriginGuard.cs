using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;

namespace Virga.Hosting;

/// <summary>
/// Refuses changes that a web page of another origin sends: a browser would carry them out for a page the user merely looks
/// at. Programs send no Origin.
/// </summary>
internal sealed class OriginGuard(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        var request = http.Request;
        var origin = request.Headers.Origin.ToString();
        if (origin.Length == 0 || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || origin == $"{request.Scheme}://{request.Host}")
        {
            return next(http);
        }

        var problem = KnownProblems.InvalidRequest("The control API takes no changes from web pages of another origin.", "Use the command line, or a page that the node itself serves.");
        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Results.Problem(problem.Detail, statusCode: StatusCodes.Status403Forbidden, title: problem.Title, type: problem.Type).ExecuteAsync(http);
    }
}
