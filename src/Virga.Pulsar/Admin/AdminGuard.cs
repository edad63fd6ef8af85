using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;

namespace Virga.Pulsar.Admin;

/// <summary>Answers requests of Pulsar's admin API with errors in its form: <c>{"reason":…}</c> and its status codes.</summary>
internal static class AdminGuard
{
    public static Delegate Around(RequestDelegate handler) => async (HttpContext http) =>
    {
        try
        {
            await handler(http);
        }
        catch (ProblemException e) when (!http.Response.HasStarted)
        {
            http.Response.Clear();
            http.Response.StatusCode = Status(e.Problem);
            var reason = $"{e.Problem.Detail ?? e.Problem.Title} {e.Problem.Fix}".TrimEnd();
            await AdminAnswer.SendAsync(http, new JsonObject { ["reason"] = reason }, http.Response.StatusCode);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away: there is nobody to answer.
            http.Abort();
        }
    };

    // Pulsar says that a precondition has failed where a name is not valid, and 404 where somebody asks for a partitioned topic as if it had none.
    private static int Status(Problem problem) => problem.Slug switch
    {
        "invalid-name" => StatusCodes.Status412PreconditionFailed,
        "topic-moved" => StatusCodes.Status503ServiceUnavailable,
        _ => problem.Status,
    };
}
