using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Virga.Pulsar.WebSockets;

/// <summary>A WebSocket whose messages are JSON objects. Sending is safe for many threads, receiving for one.</summary>
internal sealed class JsonSocket(WebSocket socket, CancellationToken end) : IDisposable
{
    // A message of the usual greatest size in base64, with what is said of it.
    private const int MaxMessage = 8 << 20;

    private readonly SemaphoreSlim _sending = new(1, 1);

    /// <summary>The next message; null when the other side has closed. One that is no JSON object closes the socket.</summary>
    public async ValueTask<JsonObject?> ReceiveAsync()
    {
        var message = new ArrayBufferWriter<byte>(1024);
        while (true)
        {
            var received = await socket.ReceiveAsync(message.GetMemory(16 * 1024), end);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await CloseAsync(WebSocketCloseStatus.NormalClosure, "");
                return null;
            }

            message.Advance(received.Count);
            if (message.WrittenCount > MaxMessage)
            {
                await CloseAsync(WebSocketCloseStatus.MessageTooBig, $"A message has more than {MaxMessage} bytes.");
                return null;
            }

            if (received.EndOfMessage)
            {
                break;
            }
        }

        return Parse(message.WrittenSpan);
    }

    /// <summary>Sends a message.</summary>
    public async ValueTask SendAsync(JsonObject message)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes((JsonNode)message, SocketJson.Default.JsonNode);
        await _sending.WaitAsync(end);
        try
        {
            await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, end);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Closes the socket.</summary>
    public async ValueTask CloseAsync(WebSocketCloseStatus status, string reason)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            // A reason has room for 123 bytes.
            await socket.CloseOutputAsync(status, reason.Length > 100 ? reason[..100] : reason, end);
        }
    }

    public void Dispose() => _sending.Dispose();

    private static JsonObject Parse(ReadOnlySpan<byte> message)
    {
        try
        {
            return JsonNode.Parse(message) as JsonObject ?? throw new SocketMessageException("The message is no JSON object.");
        }
        catch (JsonException e)
        {
            throw new SocketMessageException("The message is no JSON.", e);
        }
    }
}
