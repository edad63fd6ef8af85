using System.Threading.Channels;
using Virga.Functions;
using Virga.Worker.Channel;

namespace Virga.Worker.Calls;

/// <summary>An accepted WebSocket, as messages over the call's frames.</summary>
internal sealed class WebSocket(uint call, FrameWriter writer, SendCredit credit) : IWebSocket
{
    private readonly Channel<WebSocketMessage> received = System.Threading.Channels.Channel.CreateUnbounded<WebSocketMessage>(
        new UnboundedChannelOptions { SingleWriter = true });

    private int isClosed;

    public int? CloseCode { get; private set; }

    public string? CloseReason { get; private set; }

    public async ValueTask<WebSocketMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (await received.Reader.WaitToReadAsync(cancellationToken))
        {
            if (received.Reader.TryRead(out WebSocketMessage? message))
            {
                if (message.Bytes.Length > 0)
                {
                    writer.SendWindow(call, message.Bytes.Length);
                }

                return message;
            }
        }

        return null;
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken)
    {
        if (message.Length > WebSocketConnection.MaximumMessageSize)
        {
            throw new ArgumentException(
                $"A WebSocket message has at most {WebSocketConnection.MaximumMessageSize} bytes; this one has {message.Length}.",
                nameof(message));
        }

        await credit.TakeAsync(message.Length, message.Length, cancellationToken);
        if (Volatile.Read(ref isClosed) != 0)
        {
            throw new InvalidOperationException("The function has closed this WebSocket.");
        }

        FrameBuffer frame = writer.Begin(FrameKind.Message, call);
        if (isText)
        {
            frame.Append("""{"text":true}"""u8);
            frame.EndHeader();
        }

        frame.Append(message.Span);
        writer.Send(frame);
    }

    public void Close(int code, string reason) => Close(code, reason, error: null);

    public void Close(int code, string reason, CallError? error)
    {
        if (Interlocked.Exchange(ref isClosed, 1) != 0)
        {
            return;
        }

        FrameBuffer frame = writer.Begin(FrameKind.End, call);
        System.Text.Json.Utf8JsonWriter json = frame.Json();
        json.WriteStartObject();
        json.WriteNumber("code"u8, code);
        json.WriteString("reason"u8, reason);
        if (error is not null)
        {
            json.WritePropertyName("error"u8);
            error.WriteTo(json);
        }

        json.WriteEndObject();
        frame.EndHeader();
        writer.Send(frame);
    }

    /// <summary>A message from the client.</summary>
    public void Feed(bool isText, ReadOnlySpan<byte> bytes) =>
        received.Writer.TryWrite(new WebSocketMessage(isText, bytes.ToArray()));

    /// <summary>The client closed, or is gone.</summary>
    public void End(int code, string reason)
    {
        CloseCode ??= code;
        CloseReason ??= reason;
        received.Writer.TryComplete();
    }
}
