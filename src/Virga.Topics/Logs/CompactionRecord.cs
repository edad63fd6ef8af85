using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>The outcome of a compaction: a ledger that holds the last message of each key up to a horizon.</summary>
internal sealed record CompactionRecord
{
    /// <summary>The ledger with what is left; -1 when that is nothing.</summary>
    public required long Ledger { get; init; }

    /// <summary>The last entry that was looked at: behind it the topic itself is read.</summary>
    public required Position Horizon { get; init; }

    /// <summary>Where the first entry that is left was published.</summary>
    public required Position First { get; init; }

    /// <summary>Where the last entry that is left was published.</summary>
    public required Position Last { get; init; }

    /// <summary>How many entries the ledger holds.</summary>
    public required long Entries { get; init; }

    /// <summary>The bytes of its entries.</summary>
    public required long Bytes { get; init; }

    /// <summary>When it was done, in milliseconds since 1970.</summary>
    public required long At { get; init; }
}
