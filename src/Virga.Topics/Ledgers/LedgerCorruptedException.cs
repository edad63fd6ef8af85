namespace Virga.Topics.Ledgers;

/// <summary>What is stored is not what was written: the disk or somebody else has changed it.</summary>
public sealed class LedgerCorruptedException : LedgerStoreException
{
    /// <summary>Such a failure.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    public LedgerCorruptedException(string message)
        : base(message)
    {
    }

    /// <summary>Such a failure with its cause.</summary>
    /// <param name="message">What happened, where, and how to mend it.</param>
    /// <param name="cause">What it comes from.</param>
    public LedgerCorruptedException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
