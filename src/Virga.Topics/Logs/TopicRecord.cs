using System.Text.Json;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Logs;

/// <summary>
/// What the metadata keeps of one topic, or of a partitioned topic as a whole, under <c>topic/NAME</c>; of a partition under <c>partition/NAME</c>, so that listing topics does not read them.
/// Only the owner of a topic writes it, and each write is conditional on the one before it: who is refused is not the owner any more.
/// </summary>
internal sealed record TopicRecord
{
    /// <summary>What the keys of topics begin with.</summary>
    public const string TopicPrefix = "topic/";

    /// <summary>What the keys of partitions begin with.</summary>
    public const string PartitionPrefix = "partition/";

    /// <summary>How many partitions it has; 0 for a topic without, and for a partition.</summary>
    public int Partitions { get; init; }

    /// <summary>Counts the owners: each raises it, and fences by it those before.</summary>
    public long Epoch { get; init; }

    /// <summary>The ledgers in their order; the last may be open.</summary>
    public IReadOnlyList<LedgerRecord> Ledgers { get; init; } = [];

    /// <summary>The last entry of what was trimmed: everything up to it is gone.</summary>
    public Position Floor { get; init; } = Position.Earliest;

    /// <summary>Everything up to here was removed on purpose, and comes back by no compaction; null when nothing ever was. The floor does not say it: what is trimmed stays in the compacted ledger.</summary>
    public Position? Truncated { get; init; }

    /// <summary>Whether nothing is appended any more.</summary>
    public bool IsTerminated { get; init; }

    /// <summary>Counts those producers that had the topic for themselves; -1 before the first.</summary>
    public long ProducerEpoch { get; init; } = -1;

    /// <summary>When the topic was made, in milliseconds since 1970.</summary>
    public long CreatedAt { get; init; }

    /// <summary>Whether it was made because somebody used it, not because somebody asked for it.</summary>
    public bool IsAutomatic { get; init; }

    /// <summary>The last compaction; null before the first.</summary>
    public CompactionRecord? Compaction { get; init; }

    /// <summary>The user's own properties of the topic.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where a topic's record is.</summary>
    public static string KeyOf(TopicName topic) => (topic.IsPartition ? PartitionPrefix : TopicPrefix) + topic;

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static TopicRecord Read(ReadOnlyMemory<byte> bytes) => JsonSerializer.Deserialize(bytes.Span, TopicRecordJson.Default.TopicRecord) ?? throw new JsonException("The record of a topic is null.");

    /// <summary>The form in which it is kept.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, TopicRecordJson.Default.TopicRecord);
}
