using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>What the worker does for one call, on behalf of its event and context.</summary>
internal interface ICall
{
    CancellationToken CancellationToken { get; }

    /// <summary>The id by which other running calls send messages to this one.</summary>
    string Address { get; }

    /// <summary>Large values that this instance has read.</summary>
    KeptValues KeptValues { get; }

    ValueTask<WebSocketConnection> AcceptWebSocketAsync();

    /// <summary>Asks something of the platform. The request is sent, and taken back, before this returns.</summary>
    /// <returns>The whole answer.</returns>
    /// <exception cref="OperationCanceledException">Nobody waits for the call any more, or for this answer.</exception>
    ValueTask<ReadOnlyMemory<byte>> AskAsync(RequestWriter request, CancellationToken cancellationToken);

    void Log(LogLevel level, string message, object? fields);
}
