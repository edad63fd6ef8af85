namespace Virga.Pulsar.WebSockets;

/// <summary>A client has sent what cannot be read.</summary>
internal sealed class SocketMessageException(string message, Exception? inner = null) : Exception(message, inner);
