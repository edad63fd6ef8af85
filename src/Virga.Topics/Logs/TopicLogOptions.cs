namespace Virga.Topics.Logs;

/// <summary>How the logs of a node behave.</summary>
public sealed record TopicLogOptions
{
    /// <summary>Bytes of a ledger beyond which the next one is begun: space is given back by ledgers.</summary>
    public long MaxLedgerBytes { get; init; } = 512L << 20;

    /// <summary>Entries of a ledger beyond which the next one is begun.</summary>
    public long MaxLedgerEntries { get; init; } = 5_000_000;

    /// <summary>The age of a ledger at which the next one is begun, when something is appended.</summary>
    public TimeSpan MaxLedgerAge { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Memory for the newest entries of all topics together: who reads them reads no disk.</summary>
    public long TailBytes { get; init; } = 64L << 20;
}
