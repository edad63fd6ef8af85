using Virga.Pulsar.Protocol;

namespace Virga.Pulsar.Frames;

/// <summary>A client has sent what is no frame or command of the protocol: the connection cannot go on, for nobody knows where the next frame begins or what the client expects.</summary>
internal sealed class FrameException(string message, ServerError error = ServerError.UnknownError, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the client is told before the connection closes.</summary>
    public ServerError Error => error;
}
