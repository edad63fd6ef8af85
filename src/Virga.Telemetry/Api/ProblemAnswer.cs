using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;

namespace Virga.Telemetry.Api;

/// <summary>Answers a request with a problem.</summary>
internal static class ProblemAnswer
{
    /// <summary>Runs a handler; a problem that it throws before its answer has begun becomes the answer.</summary>
    public static RequestDelegate Guard(RequestDelegate handler) => async http =>
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
        http.Response.Clear();
        http.Response.StatusCode = problem.Status;
        http.Response.ContentType = "application/problem+json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("type"u8, problem.Type);
        json.WriteString("title"u8, problem.Title);
        json.WriteNumber("status"u8, problem.Status);
        json.WriteString("detail"u8, problem.Detail);
        json.WriteString("fix"u8, problem.Fix);
        json.WritePropertyName("fault"u8);
        JsonSerializer.Serialize(json, problem.Fault, TelemetryJson.Default.Fault);
        json.WriteEndObject();
        await json.FlushAsync(http.RequestAborted);
    }
}
