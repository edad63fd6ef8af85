namespace Virga.Worker.Calls;

/// <summary>The handler returned a response that HTTP cannot carry.</summary>
internal sealed class InvalidResponseException(string message) : Exception(message);
