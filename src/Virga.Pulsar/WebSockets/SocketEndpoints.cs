using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Topics.Api;

namespace Virga.Pulsar.WebSockets;

/// <summary>Opens sockets: what is asked for is attached first, so that a refusal is the answer to the upgrade.</summary>
internal sealed class SocketEndpoints(Func<TopicNode> node, TimeProvider time, CancellationToken stopping)
{
    public async Task ProduceAsync(HttpContext http)
    {
        RequireUpgrade(http);
        await using var publisher = await ProducerSocket.OpenAsync(http, node());
        await RunAsync(http, (socket, end) => new ProducerSocket(publisher, socket, time).RunAsync(end));
    }

    public async Task ConsumeAsync(HttpContext http)
    {
        RequireUpgrade(http);
        var pulls = SocketRequest.Flag(http, "pullMode");
        await using var consumer = await ConsumerSocket.OpenAsync(http, node());
        await RunAsync(http, (socket, end) => new ConsumerSocket(consumer, node(), SocketRequest.Topic(http), socket, pulls, ConsumerSocket.QueueSize(http)).RunAsync(end));
    }

    public async Task ReadAsync(HttpContext http)
    {
        RequireUpgrade(http);
        await using var reader = await ReaderSocket.OpenAsync(http, node());
        await RunAsync(http, (socket, end) => new ReaderSocket(reader, socket, ConsumerSocket.QueueSize(http)).RunAsync(end));
    }

    private static void RequireUpgrade(HttpContext http)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            throw new ProblemException(KnownProblems.InvalidRequest("The request does not ask for a WebSocket.", "Connect with ws://, or use the HTTP API of topics."));
        }

        // A browser would connect for any page that the user merely looks at. Programs send no Origin.
        var origin = http.Request.Headers.Origin.ToString();
        if (origin.Length > 0 && origin != $"{http.Request.Scheme}://{http.Request.Host}")
        {
            throw new ProblemException(KnownProblems.InvalidRequest("Sockets are not opened for web pages of another origin.", "Connect from a program, or from a page that the node itself serves.") with { Status = StatusCodes.Status403Forbidden });
        }
    }

    private async Task RunAsync(HttpContext http, Func<JsonSocket, CancellationToken, Task> run)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        using var accepted = await http.WebSockets.AcceptWebSocketAsync();
        using var socket = new JsonSocket(accepted, end.Token);
        try
        {
            await run(socket, end.Token);
        }
        catch (SocketMessageException e)
        {
            await socket.CloseAsync(WebSocketCloseStatus.InvalidPayloadData, e.Message);
        }
        catch (ProblemException e)
        {
            await socket.CloseAsync(WebSocketCloseStatus.PolicyViolation, e.Message);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The client went away, or the node stops: what was not acknowledged is delivered again.
            accepted.Abort();
        }
    }
}
