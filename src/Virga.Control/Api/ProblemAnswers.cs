using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;

namespace Virga.Control.Api;

/// <summary>Answers with a problem.</summary>
internal static class ProblemAnswers
{
    public static async Task WriteAsync(HttpResponse response, Problem problem, CancellationToken cancellation)
    {
        var body = ProblemJson.Format(problem);
        response.StatusCode = problem.Status;
        response.ContentType = ProblemJson.ContentType;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, cancellation);
    }
}
