namespace Virga.Execution.Channel;

/// <summary>The worker broke the protocol; its instance is ended.</summary>
internal sealed class WorkerProtocolException(string message, Exception? inner = null) : Exception(message, inner);
