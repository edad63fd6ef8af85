namespace Virga.Worker.Calls;

/// <summary>The handler returned a value that has no JSON form.</summary>
internal sealed class UnserialisableException(string message, Exception innerException) : Exception(message, innerException);
