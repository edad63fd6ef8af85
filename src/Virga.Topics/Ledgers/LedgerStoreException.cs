namespace Virga.Topics.Ledgers;

/// <summary>The store of ledgers cannot do what was asked of it.</summary>
public class LedgerStoreException : Exception
{
    /// <summary>Such a failure.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    public LedgerStoreException(string message)
        : base(message)
    {
    }

    /// <summary>Such a failure with its cause.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    /// <param name="cause">What it comes from.</param>
    public LedgerStoreException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
