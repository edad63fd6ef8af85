using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Virga.Core.Invocations;
using Virga.Gateway.Requests;

namespace Virga.Gateway.Responses;

/// <summary>The body of a function's answer.</summary>
internal static class AnswerBody
{
    /// <summary>Sends the body after its head. Throws when the function fails half-way; the caller then breaks the connection.</summary>
    public static ValueTask SendAsync(Exchange exchange, InvocationResult result)
    {
        var headers = exchange.Response.Headers;
        if (result.Status is 204 or 304)
        {
            return ValueTask.CompletedTask;
        }

        if (result.BodyStream is null)
        {
            headers.ContentLength = exchange.IsHead && DeclaredLength(result) is { } declared ? declared : result.Body.Length;
            return exchange.IsHead || result.Body.IsEmpty ? ValueTask.CompletedTask : WriteAsync(exchange, result.Body);
        }

        // Kestrel holds the stream to a length that the function declares: more bytes throw, fewer break the connection.
        headers.ContentLength = DeclaredLength(result);
        return exchange.IsHead ? ValueTask.CompletedTask : StreamAsync(exchange, result.BodyStream);
    }

    private static ValueTask WriteAsync(Exchange exchange, ReadOnlyMemory<byte> body)
    {
        var flush = exchange.ResponseBody.Writer.WriteAsync(body, CancellationToken.None);
        if (flush.IsCompletedSuccessfully)
        {
            flush.GetAwaiter().GetResult();
            return ValueTask.CompletedTask;
        }

        return Awaited(flush);

        static async ValueTask Awaited(ValueTask<FlushResult> flush) => await flush;
    }

    private static async ValueTask StreamAsync(Exchange exchange, PipeReader body)
    {
        var aborted = exchange.Lifetime.RequestAborted;
        var writer = exchange.ResponseBody.Writer;

        // Before it has started, Kestrel lends out one small buffer only.
        await exchange.ResponseBody.StartAsync(aborted);
        var reading = body.ReadAsync(aborted);
        if (!reading.IsCompleted)
        {
            // Who waits for events wants to know at once that the stream is open.
            await writer.FlushAsync(aborted);
        }

        while (true)
        {
            var read = await reading;
            foreach (var piece in read.Buffer)
            {
                writer.Write(piece.Span);
            }

            body.AdvanceTo(read.Buffer.End);

            // One flush for each read: a piece goes out as it comes, and a slow client holds the function back.
            var flushed = await writer.FlushAsync(aborted);
            if (read.IsCompleted || flushed.IsCompleted)
            {
                return;
            }

            reading = body.ReadAsync(aborted);
        }
    }

    private static long? DeclaredLength(InvocationResult result)
    {
        for (var i = 0; i < result.Headers?.Count; i++)
        {
            var (name, value) = result.Headers[i];
            if (name.Equals("content-length", StringComparison.OrdinalIgnoreCase)
                && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            {
                return length;
            }
        }

        return null;
    }
}
