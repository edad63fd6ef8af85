using System.Text;

namespace Virga.Functions;

/// <summary>One message of a WebSocket.</summary>
public sealed class WebSocketMessage
{
    internal WebSocketMessage(bool isText, byte[] bytes)
    {
        IsText = isText;
        Bytes = bytes;
    }

    /// <summary>Whether it was sent as text; otherwise it is binary.</summary>
    public bool IsText { get; }

    /// <summary>The message's bytes (UTF-8 when it is text).</summary>
    public byte[] Bytes { get; }

    /// <summary>The message as text.</summary>
    public string Text => field ??= Encoding.UTF8.GetString(Bytes);
}
