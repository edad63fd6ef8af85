using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Api;

/// <summary><c>/functions/{name}/invoke</c>: calls a function and passes its answer on as it is.</summary>
internal static class InvokeEndpoint
{
    private const int MaxMethodLength = 32;

    public static void Map(RouteGroupBuilder api) => api.MapPost("/functions/{name}/invoke", InvokeAsync).WithTags("functions").WithSummary("Call a function")
        .WithDescription("The body goes to the function, the answer is the function's. `qualifier` is an alias or a version number; `path`, `query` and `method` are what the function sees. The answer has the headers Virga-Invocation-Id, Virga-Start and Server-Timing.");

    private static async Task InvokeAsync(HttpContext context, IFunctionCatalog functions, IInvoker invoker, TimeProvider time)
    {
        var receivedAt = time.GetTimestamp();
        var cancellation = context.RequestAborted;
        var name = context.ReadFunctionName();
        var function = await ResolveAsync(context, functions, name);
        var (body, stream) = await ReadBodyAsync(context);
        var id = InvocationId.New(time);
        var invocation = new Invocation
        {
            Id = id,
            Function = function,
            Trigger = Trigger.Invoke,
            Method = ReadMethod(context),
            Path = ReadPath(context),
            Query = context.Request.Query["query"].ToString(),
            Headers = new RequestHeaders(context.Request.Headers),
            Body = body,
            BodyStream = stream,
            TraceParent = context.Request.Headers.TraceParent,
            ReceivedAt = receivedAt,
        };
        await using var result = await invoker.InvokeAsync(invocation, cancellation);
        var headers = context.Response.Headers;
        headers["Virga-Invocation-Id"] = id.ToString();
        headers["Virga-Start"] = result.Timing.StartText;
        headers["Server-Timing"] = string.Create(
            CultureInfo.InvariantCulture,
            $"queue;dur={result.Timing.Queue.TotalMilliseconds:0.###}, start;dur={result.Timing.Start.TotalMilliseconds:0.###}, run;dur={result.Timing.Run.TotalMilliseconds:0.###}");
        if (result.Problem is { } problem)
        {
            await ProblemAnswers.WriteAsync(context.Response, problem, cancellation);
            return;
        }

        await PassOnAsync(context, result, cancellation);
    }

    private static async ValueTask<FunctionVersion> ResolveAsync(HttpContext context, IFunctionCatalog functions, FunctionName name)
    {
        var qualifier = context.Request.Query["qualifier"].ToString();
        var draw = System.Security.Cryptography.RandomNumberGenerator.GetInt32(1 << 24) / (double)(1 << 24);
        return await functions.ResolveAsync(name, qualifier.Length == 0 ? null : qualifier, draw, context.RequestAborted)
            ?? throw new ProblemException(KnownProblems.NotFound(
                qualifier.Length == 0 ? $"There is no function '{name.Name}'." : $"There is no function '{name.Name}:{ResourceName.Shorten(qualifier)}'.", "See `virga fn list` and `virga fn versions NAME`."));
    }

    private static string ReadMethod(HttpContext context)
    {
        var method = context.Request.Query["method"].ToString();
        return method.Length == 0 ? "POST"
            : method.Length <= MaxMethodLength && method.All(c => char.IsAsciiLetter(c) || c == '-') ? method.ToUpperInvariant()
            : throw new ProblemException(KnownProblems.InvalidRequest($"method is '{Packages.PackagePath.Printable(method)}'; it must be an HTTP method."));
    }

    private static string ReadPath(HttpContext context)
    {
        var path = context.Request.Query["path"].ToString();
        return path.Length == 0 ? "/"
            : path[0] == '/' ? path
            : throw new ProblemException(KnownProblems.InvalidRequest($"path is '{Packages.PackagePath.Printable(path)}'; it must begin with '/'."));
    }

    // Small bodies of known length go whole; all others go as they arrive.
    private static async ValueTask<(ReadOnlySequence<byte> Body, System.IO.Pipelines.PipeReader? Stream)> ReadBodyAsync(HttpContext context)
    {
        var request = context.Request;
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } || request.ContentLength == 0)
        {
            return default;
        }

        if (request.ContentLength is not { } length || length > Invocation.MaxInlineBody)
        {
            return (default, request.BodyReader);
        }

        // Copied out: an invocation may outlive the reader's buffers, and this endpoint is not the fast way in.
        var body = new byte[length];
        await request.Body.ReadExactlyAsync(body, context.RequestAborted);
        return (new ReadOnlySequence<byte>(body), null);
    }

    private static async Task PassOnAsync(HttpContext context, InvocationResult result, CancellationToken cancellation)
    {
        if (result.WebSocket is not null)
        {
            throw new ProblemException(KnownProblems.InvalidAnswer("WebSocket", "The function accepted a WebSocket, but this was a plain call."));
        }

        var response = context.Response;
        response.StatusCode = result.Status;
        if (result.Headers is null)
        {
            response.ContentType = "application/json";
        }
        else
        {
            foreach (var (name, value) in result.Headers)
            {
                if (!IsOurs(name))
                {
                    response.Headers.Append(name, value);
                }
            }
        }

        if (!CanHaveBody(result.Status))
        {
            return;
        }

        if (result.BodyStream is { } stream)
        {
            await stream.CopyToAsync(response.BodyWriter, cancellation);
        }
        else if (result.Body.Length > 0)
        {
            response.ContentLength = result.Body.Length;
            await response.Body.WriteAsync(result.Body, cancellation);
        }
    }

    // RFC 9110, 15.3.5, 15.3.6 and 15.4.5.
    private static bool CanHaveBody(int status) => status is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    // The connection and the framing of the body are between this server and its client (RFC 9110, 7.6.1).
    private static bool IsOurs(string name) =>
        name.Equals("connection", StringComparison.OrdinalIgnoreCase)
        || name.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)
        || name.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase)
        || name.Equals("upgrade", StringComparison.OrdinalIgnoreCase)
        || name.Equals("trailer", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-length", StringComparison.OrdinalIgnoreCase);
}
