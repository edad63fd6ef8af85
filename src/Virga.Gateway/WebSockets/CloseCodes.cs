using System.Net.WebSockets;

namespace Virga.Gateway.WebSockets;

/// <summary>Which close codes may stand in a close frame (RFC 6455, section 7.4).</summary>
internal static class CloseCodes
{
    /// <summary>Close without a code; never sent in a frame.</summary>
    public const int None = 1005;

    /// <summary>The connection ended without a close; never sent in a frame.</summary>
    public const int Abnormal = 1006;

    private const int MaxReasonBytes = 123;

    /// <summary>The code that goes out for one that a function chose: its own where it may be sent, else 1011.</summary>
    public static WebSocketCloseStatus Sendable(int code) => code switch
    {
        None => WebSocketCloseStatus.NormalClosure,
        (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999) => (WebSocketCloseStatus)code,
        _ => WebSocketCloseStatus.InternalServerError,
    };

    /// <summary>Cuts a reason to what a close frame holds, never within a character.</summary>
    public static string Shorten(string? reason)
    {
        var text = reason ?? "";
        var length = text.Length;
        while (System.Text.Encoding.UTF8.GetByteCount(text.AsSpan(0, length)) > MaxReasonBytes)
        {
            length--;
        }

        return length < text.Length && length > 0 && char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)] : text[..length];
    }
}
