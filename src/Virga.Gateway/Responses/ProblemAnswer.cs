using System.Globalization;
using Virga.Core.Problems;
using Virga.Gateway.Requests;

namespace Virga.Gateway.Responses;

/// <summary>Answers with a problem (RFC 9457).</summary>
internal static class ProblemAnswer
{
    private const string RetryAfterSeconds = "1";

    /// <summary>Sends a problem as the whole answer; when an answer has begun already, breaks the connection so that its part is not taken for the whole.</summary>
    public static async ValueTask SendAsync(Exchange exchange, Problem problem)
    {
        var response = exchange.Response;
        if (response.HasStarted)
        {
            exchange.Lifetime.Abort();
            return;
        }

        response.StatusCode = problem.Status;
        var headers = response.Headers;
        headers.ContentType = ProblemJson.ContentType;
        headers["Virga-Invocation-Id"] = exchange.IdText;
        if (problem.Status is 429 or 503)
        {
            headers.RetryAfter = problem.RetryAfter is { } wait ? Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture) : RetryAfterSeconds;
        }

        var body = ProblemJson.Format(problem, exchange.IdText);
        headers.ContentLength = body.Length;
        if (!exchange.IsHead)
        {
            await exchange.ResponseBody.Writer.WriteAsync(body, exchange.Lifetime.RequestAborted);
        }
    }
}
