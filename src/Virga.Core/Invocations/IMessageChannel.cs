namespace Virga.Core.Invocations;

/// <summary>Both directions of a WebSocket between a client and a function.</summary>
public interface IMessageChannel
{
    /// <summary>Sends the client's message to the function; waits for its credit.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, bool text, CancellationToken cancellation);

    /// <summary>The function's next message, or its close. The memory is valid until the next call.</summary>
    ValueTask<ChannelMessage> ReceiveAsync(CancellationToken cancellation);

    /// <summary>Tells the function that the client closed.</summary>
    ValueTask CloseAsync(int code, string reason, CancellationToken cancellation);
}
