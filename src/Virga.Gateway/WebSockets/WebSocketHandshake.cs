using System.Buffers.Text;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Gateway.Requests;

namespace Virga.Gateway.WebSockets;

/// <summary>The opening handshake (RFC 6455, section 4.2).</summary>
internal static class WebSocketHandshake
{
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int KeyBytes = 16;

    public static bool IsAsked(Exchange exchange)
    {
        var upgrade = exchange.Request.Headers.Upgrade;
        return upgrade.Count == 1
            && string.Equals(upgrade[0], "websocket", StringComparison.OrdinalIgnoreCase)
            && exchange.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
    }

    /// <summary>What is wrong with a request that asks for a WebSocket; null when it can be accepted.</summary>
    public static Problem? Check(Exchange exchange)
    {
        var headers = exchange.Request.Headers;
        if (exchange.Request.Method != "GET")
        {
            return KnownProblems.InvalidRequest("A WebSocket is opened with GET.");
        }

        if (headers.SecWebSocketVersion != "13")
        {
            exchange.Response.Headers.SecWebSocketVersion = "13";
            return KnownProblems.InvalidRequest("The WebSocket version is not 13.", "Send Sec-WebSocket-Version: 13.");
        }

        var key = headers.SecWebSocketKey.ToString();
        return Base64.IsValid(key, out var length) && length == KeyBytes
            ? null
            : KnownProblems.InvalidRequest("Sec-WebSocket-Key is not the base64 form of 16 bytes.");
    }

    /// <summary>Answers 101 and takes the connection over.</summary>
    public static async ValueTask<WebSocket> AcceptAsync(Exchange exchange, InvocationResult result, TimeSpan pingInterval)
    {
        var headers = exchange.Response.Headers;
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = AcceptKey(exchange.Request.Headers.SecWebSocketKey.ToString());
        var protocol = SubProtocol(exchange, result);
        if (protocol is not null)
        {
            headers.SecWebSocketProtocol = protocol;
        }

        var stream = await exchange.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions
        {
            IsServer = true,
            SubProtocol = protocol,
            KeepAliveInterval = pingInterval,
            KeepAliveTimeout = pingInterval,
        });
    }

    // SHA-1 is what the protocol asks for; it proves that the server speaks WebSocket, and protects nothing.
#pragma warning disable CA5350
    private static string AcceptKey(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));
#pragma warning restore CA5350

    // The function may choose only what the client offered: anything else makes the client fail the connection.
    private static string? SubProtocol(Exchange exchange, InvocationResult result)
    {
        for (var i = 0; i < result.Headers?.Count; i++)
        {
            var (name, value) = result.Headers[i];
            if (name.Equals("sec-websocket-protocol", StringComparison.OrdinalIgnoreCase)
                && exchange.Request.Headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol").Contains(value, StringComparer.Ordinal))
            {
                return value;
            }
        }

        return null;
    }
}
