using System.Runtime.CompilerServices;
using System.Text;

namespace Virga.Functions;

/// <summary>An accepted WebSocket. One reader and any number of writers may use it at once.</summary>
public sealed class WebSocketConnection
{
    /// <summary>The most bytes that one message may have: 256 KiB.</summary>
    public const int MaximumMessageSize = 256 * 1024;

    private readonly IWebSocket socket;

    internal WebSocketConnection(IWebSocket socket) => this.socket = socket;

    /// <summary>The code with which the client closed; <see langword="null"/> while it has not.</summary>
    public int? CloseCode => socket.CloseCode;

    /// <summary>The reason with which the client closed; <see langword="null"/> while it has not.</summary>
    public string? CloseReason => socket.CloseReason;

    /// <summary>Waits for the next message.</summary>
    /// <param name="cancellationToken">Gives up waiting; the connection stays open.</param>
    /// <returns>The message, or <see langword="null"/> when the connection has been closed.</returns>
    public ValueTask<WebSocketMessage?> ReceiveAsync(CancellationToken cancellationToken = default) =>
        socket.ReceiveAsync(cancellationToken);

    /// <summary>Every message until the connection is closed.</summary>
    /// <param name="cancellationToken">Gives up waiting; the connection stays open.</param>
    public async IAsyncEnumerable<WebSocketMessage> ReceiveAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await socket.ReceiveAsync(cancellationToken) is { } message)
        {
            yield return message;
        }
    }

    /// <summary>Sends a text message. Waits while the client is slower than the function.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ArgumentException">The message is larger than <see cref="MaximumMessageSize"/>.</exception>
    /// <exception cref="InvalidOperationException">The function has closed the connection.</exception>
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), isText: true, cancellationToken);

    /// <summary>Sends a binary message. Waits while the client is slower than the function.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ArgumentException">The message is larger than <see cref="MaximumMessageSize"/>.</exception>
    /// <exception cref="InvalidOperationException">The function has closed the connection.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        socket.SendAsync(bytes, isText: false, cancellationToken);

    /// <summary>Closes the connection. Closing it again does nothing.</summary>
    /// <param name="code">The close code of RFC 6455: 1000 is normal, 3000 to 4999 are the application's own.</param>
    /// <param name="reason">A short reason for the client.</param>
    public ValueTask CloseAsync(int code = 1000, string reason = "")
    {
        socket.Close(code, reason);
        return ValueTask.CompletedTask;
    }
}
