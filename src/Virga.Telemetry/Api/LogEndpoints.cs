using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Telemetry.Logs;

namespace Virga.Telemetry.Api;

/// <summary>The logs of a function, a JSON object per line.</summary>
internal sealed class LogEndpoints(KnownFunctions functions, FunctionLogStore logs, TimeProvider time, CancellationToken stopping)
{
    public async Task GetAsync(HttpContext http)
    {
        var function = await functions.RequireAsync(http);
        var query = Parameters.LogQuery(http, time);
        var follow = Parameters.Flag(http, "follow");
        if (follow)
        {
            await FollowAsync(http, function, query);
            return;
        }

        var lines = await logs.QueryAsync(function, query, http.RequestAborted);
        http.Response.ContentType = "application/x-ndjson";
        await WriteAsync(http, lines);
    }

    private async Task FollowAsync(HttpContext http, FunctionName function, LogQuery query)
    {
        using var tail = await logs.FollowAsync(function, query, http.RequestAborted);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        http.Response.ContentType = "application/x-ndjson";
        // The head goes out at once, so that the client knows that it follows.
        await http.Response.StartAsync(http.RequestAborted);
        await WriteAsync(http, tail.History);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        try
        {
            await foreach (var line in tail.ReadAsync(end.Token))
            {
                Write(http.Response.BodyWriter, line);
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // A node that stops does not wait for its followers: their stream ends here, whole.
        }
    }

    private static async Task WriteAsync(HttpContext http, IReadOnlyList<ReadOnlyMemory<byte>> lines)
    {
        var body = http.Response.BodyWriter;
        foreach (var line in lines)
        {
            Write(body, line);
            if (body.UnflushedBytes > 64 * 1024)
            {
                await body.FlushAsync(http.RequestAborted);
            }
        }
    }

    private static void Write(PipeWriter body, ReadOnlyMemory<byte> line)
    {
        body.Write(line.Span);
        body.Write("\n"u8);
    }
}
