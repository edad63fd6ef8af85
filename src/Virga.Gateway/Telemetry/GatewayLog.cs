using Microsoft.Extensions.Logging;

namespace Virga.Gateway.Telemetry;

internal static partial class GatewayLog
{
    [LoggerMessage(1, LogLevel.Information, "The gateway listens on {Address}.")]
    public static partial void Listening(ILogger logger, string address);

    [LoggerMessage(2, LogLevel.Error, "Invocation {Invocation}: the gateway failed.")]
    public static partial void RequestFailed(ILogger logger, string invocation, Exception exception);

    [LoggerMessage(3, LogLevel.Debug, "Invocation {Invocation}: the client went away (499).")]
    public static partial void ClientGone(ILogger logger, string invocation);

    [LoggerMessage(4, LogLevel.Warning, "Invocation {Invocation}: the answer broke off: {Reason}")]
    public static partial void AnswerBrokeOff(ILogger logger, string invocation, string reason);

    [LoggerMessage(5, LogLevel.Debug, "Invocation {Invocation}: answered with {Status} {Type}: {Detail}")]
    public static partial void Problem(ILogger logger, string invocation, int status, string type, string? detail);

    [LoggerMessage(6, LogLevel.Debug, "Invocation {Invocation}: the WebSocket broke off: {Reason}")]
    public static partial void WebSocketBrokeOff(ILogger logger, string invocation, string reason);
}
