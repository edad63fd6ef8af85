namespace Virga.Topics.Ledgers;

/// <summary>There is no such ledger.</summary>
public sealed class LedgerNotFoundException : LedgerStoreException
{
    /// <summary>Such a failure.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    public LedgerNotFoundException(string message)
        : base(message)
    {
    }

    /// <summary>Such a failure with its cause.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    /// <param name="cause">What it comes from.</param>
    public LedgerNotFoundException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
