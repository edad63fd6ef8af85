namespace Virga.Functions;

/// <summary>The request's body is not what it should be. Unhandled, the client is answered 400 with the message.</summary>
public sealed class InvalidBodyException : Exception
{
    /// <summary>A body that is not what it should be.</summary>
    public InvalidBodyException()
        : this("The request's body is invalid.")
    {
    }

    /// <summary>A body that is not what it should be.</summary>
    /// <param name="message">What is wrong with it, for the client to read.</param>
    public InvalidBodyException(string message)
        : base(message)
    {
    }

    /// <summary>A body that is not what it should be.</summary>
    /// <param name="message">What is wrong with it, for the client to read.</param>
    /// <param name="innerException">What found it out.</param>
    public InvalidBodyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
