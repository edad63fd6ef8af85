namespace Virga.Topics.Ledgers;

/// <summary>Another writer has taken over: whoever gets this no longer owns the topic.</summary>
public sealed class LedgerFencedException : LedgerStoreException
{
    /// <summary>Such a failure.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    public LedgerFencedException(string message)
        : base(message)
    {
    }

    /// <summary>Such a failure with its cause.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    /// <param name="cause">What it comes from.</param>
    public LedgerFencedException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
