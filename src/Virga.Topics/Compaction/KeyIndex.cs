using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Compaction;

/// <summary>Which message of each key is the last. A message without a key is superseded by none; what cannot be taken apart (encrypted, or a chunk) is left as it is.</summary>
internal sealed class KeyIndex(TopicName topic)
{
    private readonly Dictionary<string, MessageId> _last = new(StringComparer.Ordinal);

    /// <summary>Notes the messages of an entry; in the order of the log.</summary>
    public void Note(in LogEntry entry)
    {
        if (!IsOpen(entry, out var header))
        {
            return;
        }

        if (!header.IsBatch)
        {
            if (EntryMetadata.Read(entry.Data).Key is { } key)
            {
                _last[key] = new MessageId(entry.Position);
            }

            return;
        }

        foreach (var message in Messages(entry))
        {
            if (message.Key is { } key)
            {
                _last[key] = new MessageId(entry.Position, BatchIndex: message.Id.BatchIndex);
            }
        }
    }

    /// <summary>What is left of an entry; null when that is nothing.</summary>
    public LogEntry? Keep(in LogEntry entry)
    {
        if (!MessageCodec.TryReadHeader(entry.Data, out var header) || header.Marker > 0)
        {
            return null;
        }

        if (!IsOpen(entry, out header))
        {
            return entry;
        }

        if (!header.IsBatch)
        {
            var isTombstone = header.IsTombstone || header.PayloadOffset == entry.Data.Length;
            return IsLast(EntryMetadata.Read(entry.Data).Key, entry.Position, -1, isTombstone) ? entry : null;
        }

        var kept = new HashSet<int>();
        var messages = Messages(entry);
        foreach (var message in messages)
        {
            if (IsLast(message.Key, entry.Position, message.Id.BatchIndex, message.IsTombstone || message.Payload.IsEmpty))
            {
                kept.Add(message.Id.BatchIndex);
            }
        }

        return kept.Count == 0 ? null : kept.Count == messages.Count ? entry : entry with { Data = BatchFilter.Keep(entry.Data, header, kept) };
    }

    private static bool IsOpen(in LogEntry entry, out MessageHeader header) => MessageCodec.TryReadHeader(entry.Data, out header) && header is { Marker: 0, IsEncrypted: false, Chunks: 0 };

    private IReadOnlyList<TopicMessage> Messages(in LogEntry entry) => MessageReader.Read(topic, new DeliveredEntry(entry.Position, entry.Data, 0, 0, null));

    private bool IsLast(string? key, Position position, int batchIndex, bool isTombstone) =>
        key is null || (!isTombstone && _last.TryGetValue(key, out var last) && last == new MessageId(position, BatchIndex: batchIndex));
}
