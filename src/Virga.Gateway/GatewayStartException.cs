namespace Virga.Gateway;

/// <summary>The gateway cannot start; the message says why and what to do.</summary>
public sealed class GatewayStartException(string message, Exception? inner = null) : Exception(message, inner);
