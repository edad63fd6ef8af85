namespace Virga.State.Binary;

/// <summary>Bytes are not what they are said to be.</summary>
public sealed class StateEncodingException(string message, Exception? inner = null) : Exception(message, inner);
