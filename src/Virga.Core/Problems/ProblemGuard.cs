using Microsoft.AspNetCore.Http;

namespace Virga.Core.Problems;

/// <summary>Answers requests of an engine's own API with problems.</summary>
public static class ProblemGuard
{
    /// <summary>Runs a handler; a problem that it throws before its answer has begun becomes the answer.</summary>
    public static RequestDelegate Around(RequestDelegate handler) => async http =>
    {
        try
        {
            await handler(http);
        }
        catch (ProblemException e) when (!http.Response.HasStarted)
        {
            await WriteAsync(http, e.Problem);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away: there is nobody to answer.
            http.Abort();
        }
    };

    private static async Task WriteAsync(HttpContext http, Problem problem)
    {
        var body = ProblemJson.Format(problem);
        http.Response.Clear();
        http.Response.StatusCode = problem.Status;
        http.Response.ContentType = ProblemJson.ContentType;
        http.Response.ContentLength = body.Length;
        if (problem.RetryAfter is { } wait)
        {
            http.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
