namespace Virga.State.Sessions;

/// <summary>A version that a session has read is gone with the cache that kept it: whoever runs the session starts it again.</summary>
public sealed class SessionLostException(string message, Exception? inner = null) : Exception(message, inner);
