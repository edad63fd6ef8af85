namespace Virga.Topics.Messages;

/// <summary>The numbers of the fields of an entry's metadata in Pulsar's protocol (<c>MessageMetadata</c>).</summary>
internal static class MetadataField
{
    public const int Producer = 1;
    public const int SequenceId = 2;
    public const int PublishedAt = 3;
    public const int Properties = 4;
    public const int ReplicatedFrom = 5;
    public const int Key = 6;
    public const int ReplicateTo = 7;
    public const int Compression = 8;
    public const int UncompressedSize = 9;
    public const int Messages = 11;
    public const int EventAt = 12;
    public const int EncryptionKeys = 13;
    public const int SchemaVersion = 16;
    public const int KeyIsBase64 = 17;
    public const int OrderingKey = 18;
    public const int DeliverAt = 19;
    public const int Marker = 20;
    public const int HighestSequenceId = 24;
    public const int IsTombstone = 25;
    public const int ChunkedMessage = 26;
    public const int Chunks = 27;
    public const int ChunkedSize = 28;
    public const int Chunk = 29;
    public const int KeyIsNull = 30;

    /// <summary>For a batch of which compaction has left out some: which of its messages are there.</summary>
    public const int CompactedIndexes = 31;

    // What follows is our own: far away from Pulsar's numbers, and passed over by whoever does not know it.

    /// <summary>See <see cref="EntrySource.Incarnation"/>.</summary>
    public const int SourceIncarnation = 1001;

    /// <summary>The ledger of <see cref="EntrySource.Position"/>.</summary>
    public const int SourceLedger = 1002;

    /// <summary>The entry of <see cref="EntrySource.Position"/>.</summary>
    public const int SourceEntry = 1003;
}
