using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Gateway.Requests;

/// <summary>
/// A request's body: whole when it is short, else as it arrives. A whole body stays in the server's own buffers until the exchange ends, so
/// that it is not copied.
/// </summary>
internal struct RequestBody
{
    private PipeReader? _held;

    /// <summary>All of it, when <see cref="Stream"/> is null.</summary>
    public ReadOnlySequence<byte> Whole { get; private set; }

    /// <summary>The body as it arrives.</summary>
    public RequestBodyReader? Stream { get; private set; }

    /// <summary>Whether the request has a body to read.</summary>
    public static bool IsExpected(Exchange exchange) =>
        exchange.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } && exchange.Request.Headers.ContentLength != 0;

    /// <summary>Reads as much as it takes to know whether the body is short.</summary>
    /// <exception cref="ProblemException">It is over the limit, too slow or malformed.</exception>
    public static async ValueTask<RequestBody> ReadAsync(Exchange exchange, RequestBodyMode mode, long maxBytes)
    {
        var length = exchange.Request.Headers.ContentLength;
        if (length > maxBytes)
        {
            // Nobody reads the rest, so that an HTTP/1.1 connection cannot be used again; HTTP/2 ends the stream alone.
            if (exchange.Request.Protocol == "HTTP/1.1")
            {
                exchange.Response.Headers.Connection = "close";
            }

            throw new ProblemException(RequestProblems.BodyTooLarge(maxBytes));
        }

        var reader = exchange.Features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;
        if (length > Invocation.MaxInlineBody || (length is null && mode == RequestBodyMode.Stream))
        {
            return new RequestBody { Stream = new RequestBodyReader(reader, maxBytes) };
        }

        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(exchange.Lifetime.RequestAborted);
                if (read.IsCompleted && read.Buffer.Length <= Invocation.MaxInlineBody)
                {
                    return new RequestBody { Whole = read.Buffer, _held = reader };
                }

                if (read.Buffer.Length > Invocation.MaxInlineBody)
                {
                    reader.AdvanceTo(read.Buffer.Start);
                    return new RequestBody { Stream = new RequestBodyReader(reader, maxBytes) };
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception exception) when (RequestProblems.Of(exception, maxBytes) is { } problem)
        {
            throw new ProblemException(problem, exception);
        }
    }

    /// <summary>Gives the body's buffers back.</summary>
    public readonly void Release()
    {
        _held?.AdvanceTo(Whole.End);
        Stream?.End();
    }
}
