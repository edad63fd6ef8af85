using Virga.Topics.Ledgers;

namespace Virga.Topics.Logs;

/// <summary>One ledger of a topic, as the topic's record names it.</summary>
internal sealed record LedgerRecord
{
    /// <summary>The ledger's number.</summary>
    public required long Id { get; init; }

    /// <summary>How many entries it holds; -1 while it is open. A closed one that is empty is not kept.</summary>
    public long Entries { get; init; } = -1;

    /// <summary>The bytes of its entries; 0 while it is open.</summary>
    public long Bytes { get; init; }

    /// <summary>When it was begun, in milliseconds since 1970, by the broker's clock.</summary>
    public long OpenedAt { get; init; }

    /// <summary>When it was closed; 0 while it is open. All that it holds is older, and what is behind it is younger.</summary>
    public long ClosedAt { get; init; }

    /// <summary>Where its entries are since they were offloaded, as the offloader calls it; null while they are in the store of ledgers.</summary>
    public string? OffloadedTo { get; init; }

    /// <summary>Whether it has, or may have, a writer.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsOpen => Entries < 0;

    /// <summary>The same, closed.</summary>
    public LedgerRecord Closed(LedgerEnd end, long at) => this with { Entries = end.Entries, Bytes = end.Bytes, ClosedAt = at };
}
