using System.Buffers;
using System.Net.WebSockets;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Gateway.Requests;
using Virga.Gateway.Responses;
using Virga.Gateway.Telemetry;

namespace Virga.Gateway.WebSockets;

/// <summary>Carries messages between a client's WebSocket and a function until both have closed.</summary>
internal sealed class WebSocketSession(GatewayOptions options, TimeProvider time, GatewayMetrics metrics, ILogger logger)
{
    private const int FirstBufferBytes = 4096;

    // How long a client may take to answer a close.
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    public async ValueTask RunAsync(Exchange exchange, InvocationResult result, IMessageChannel channel)
    {
        AnswerHead.WriteTrace(exchange, result.Timing, exchange.Response.Headers);
        using var socket = await WebSocketHandshake.AcceptAsync(exchange, result, options.PingInterval);
        metrics.WebSocketOpened();
        try
        {
            await PumpAsync(socket, channel, exchange.Lifetime.RequestAborted);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException)
        {
            GatewayLog.WebSocketBrokeOff(logger, exchange.IdText, exception.Message);
        }
        finally
        {
            metrics.WebSocketClosed();
        }
    }

    private async Task PumpAsync(WebSocket socket, IMessageChannel channel, CancellationToken aborted)
    {
        // The two directions live and die together: each ends the other through this.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var fromClient = FromClientAsync(socket, channel, ending.Token);
        var fromFunction = FromFunctionAsync(socket, channel, ending.Token);

        var first = await Task.WhenAny(fromClient, fromFunction);
        if (first == fromFunction && !aborted.IsCancellationRequested)
        {
            await SendCloseAsync(socket, await CloseOf(fromFunction));
            using var timeout = new CancellationTokenSource(CloseTimeout, time);
            await Task.WhenAny(fromClient, Task.Delay(Timeout.Infinite, timeout.Token));
        }

        await ending.CancelAsync();
        await ((Task)Task.WhenAll(fromClient, fromFunction)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first == fromClient)
        {
            var close = await CloseOf(fromClient);
            try
            {
                await SendCloseAsync(socket, close);
            }
            finally
            {
                await channel.CloseAsync(close.Code, close.Reason, CancellationToken.None);
            }
        }
    }

    /// <summary>How a direction ended; a failure is a close as well.</summary>
    private static async Task<Close> CloseOf(Task<Close> direction)
    {
        try
        {
            return await direction;
        }
        catch (ProblemException exception)
        {
            return new Close((int)WebSocketCloseStatus.InternalServerError, exception.Problem.Title);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException)
        {
            return new Close(CloseCodes.Abnormal, "");
        }
    }

    private static async ValueTask SendCloseAsync(WebSocket socket, Close close)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(CloseCodes.Sendable(close.Code), CloseCodes.Shorten(close.Reason), CancellationToken.None);
        }
    }

    private static async Task<Close> FromFunctionAsync(WebSocket socket, IMessageChannel channel, CancellationToken ending)
    {
        while (true)
        {
            var message = await channel.ReceiveAsync(ending);
            if (message.CloseCode is { } code)
            {
                return new Close(code, message.CloseReason ?? "");
            }

            var type = message.IsText ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
            await socket.SendAsync(message.Data, type, endOfMessage: true, ending);
        }
    }

    private async Task<Close> FromClientAsync(WebSocket socket, IMessageChannel channel, CancellationToken ending)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBufferBytes);
        try
        {
            var length = 0;
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(length), ending);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return new Close((int)(socket.CloseStatus ?? WebSocketCloseStatus.Empty), socket.CloseStatusDescription ?? "");
                }

                length += received.Count;
                if (length > options.MaxMessageBytes)
                {
                    return new Close((int)WebSocketCloseStatus.MessageTooBig, $"A message has at most {options.MaxMessageBytes} bytes.");
                }

                if (received.EndOfMessage)
                {
                    await channel.SendAsync(buffer.AsMemory(0, length), received.MessageType == WebSocketMessageType.Text, ending);
                    length = 0;
                }
                else if (length == buffer.Length)
                {
                    buffer = Grow(buffer, length);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private readonly record struct Close(int Code, string Reason);
}
