namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>What a message of a ledger's stream is.</summary>
internal enum StreamRecordKind : byte
{
    /// <summary>An entry, perhaps not for the first time.</summary>
    Entry = 1,

    /// <summary>A new owner's mark: whatever its predecessors have written behind it does not count.</summary>
    Fence = 2,
}
