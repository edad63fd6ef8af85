namespace Virga.Functions;

/// <summary>What the worker does for one call, on behalf of its event and context.</summary>
internal interface ICall
{
    CancellationToken CancellationToken { get; }

    ValueTask<WebSocketConnection> AcceptWebSocketAsync();

    void Log(LogLevel level, string message, object? fields);
}
