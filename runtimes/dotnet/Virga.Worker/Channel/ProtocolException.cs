namespace Virga.Worker.Channel;

/// <summary>The node sent what the protocol does not know.</summary>
internal sealed class ProtocolException(string message) : Exception(message);
