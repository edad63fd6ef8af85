namespace Virga.Topics.Ledgers.Segments;

/// <summary>When an entry counts as confirmed.</summary>
public enum LedgerDurability
{
    /// <summary>When the disk has it (<c>fdatasync</c>, which all that wait share): it survives the loss of power.</summary>
    Always,

    /// <summary>When the system has it: it survives the end of the process, and soon, after the interval, the loss of power.</summary>
    Interval,
}
