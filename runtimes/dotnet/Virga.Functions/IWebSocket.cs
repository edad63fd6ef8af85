namespace Virga.Functions;

/// <summary>The worker's half of an accepted WebSocket.</summary>
internal interface IWebSocket
{
    int? CloseCode { get; }

    string? CloseReason { get; }

    ValueTask<WebSocketMessage?> ReceiveAsync(CancellationToken cancellationToken);

    ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken);

    void Close(int code, string reason);
}
