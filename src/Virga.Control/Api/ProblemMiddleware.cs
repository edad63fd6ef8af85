using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Storage;

namespace Virga.Control.Api;

/// <summary>Sees to it that every failure of the API, whoever noticed it, is answered with a problem.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        Problem? problem;
        try
        {
            await next(context);
            problem = ForStatus(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            problem = ForException(context, exception);
        }

        if (problem is not null && !context.Response.HasStarted)
        {
            await ProblemAnswers.WriteAsync(context.Response, problem, context.RequestAborted);
        }
    }

    // Routing answers on its own when no endpoint takes the request: with a status and nothing else. What an endpoint of ours answered, such as a function's own 404, stays.
    private static Problem? ForStatus(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || context.GetEndpoint() is RouteEndpoint)
        {
            return null;
        }

        var path = Packages.PackagePath.Printable(context.Request.Path.Value ?? "");
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => KnownProblems.NotFound($"There is nothing at '{path}'.", "See /api/v1/openapi/v1.json for what there is."),
            StatusCodes.Status405MethodNotAllowed => KnownProblems.MethodNotAllowed($"'{path}' does not take {context.Request.Method}.", $"Use {response.Headers.Allow}."),
            StatusCodes.Status415UnsupportedMediaType => KnownProblems.UnsupportedMediaType($"'{path}' does not take the content type '{context.Request.ContentType}'.", "See /api/v1/openapi/v1.json for what it takes."),
            _ => null,
        };
    }

    private Problem ForException(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case ProblemException { Problem: var problem }:
                return problem;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return KnownProblems.BodyTooLarge(exception.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }:
                return KnownProblems.RequestTooSlow(exception.Message);
            case BadHttpRequestException:
                return KnownProblems.InvalidRequest(exception.Message);
            case IOException full when DiskFaults.IsFull(full):
                return KnownProblems.StorageFull(full.Message);
            default:
                LogFailure(exception, context.Request.Method, context.Request.Path);
                return KnownProblems.Internal($"{context.Request.Method} {context.Request.Path} failed: {exception.GetType().Name}.");
        }
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFailure(Exception exception, string method, string path);
}
