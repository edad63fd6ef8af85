namespace Virga.Topics.Messages;

/// <summary>An entry is not what its producer's protocol says: it can be kept and passed on, but not taken apart.</summary>
public sealed class MalformedMessageException : Exception
{
    /// <summary>Such a failure.</summary>
    /// <param name="message">What is wrong, and where.</param>
    public MalformedMessageException(string message)
        : base(message)
    {
    }

    /// <summary>Such a failure with its cause.</summary>
    /// <param name="message">What is wrong, and where.</param>
    /// <param name="cause">What it comes from.</param>
    public MalformedMessageException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
