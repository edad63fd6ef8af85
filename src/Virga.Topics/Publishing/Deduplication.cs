using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Replication;

namespace Virga.Topics.Publishing;

/// <summary>
/// Leaves out what a producer repeats: by its name and the numbers of its messages; of what was replicated from another cluster, by its place there, since numbers say nothing where the topic there does not
/// leave out repeats itself. What is in the log decides: a snapshot says how far each producer had come at a position, and what lies behind it is
/// read when the topic is opened, so that a crash forgets nothing that was acknowledged.
/// </summary>
internal sealed class Deduplication
{
    private const int ReplayEntries = 1000;
    private const int ReplayBytes = 4 << 20;

    // A producer that is gone for so long may repeat itself: names that are made up would otherwise be kept for ever.
    private static readonly TimeSpan Forgets = TimeSpan.FromHours(6);

    private readonly ConcurrentDictionary<string, ProducerSequence> _sequences = new(StringComparer.Ordinal);
    private readonly TopicName _topic;
    private readonly LogServices _services;

    // Guards the position that the sequences are known to reach at least.
    private readonly Lock _lock = new();
    private Position _reached;
    private Position _stored;
    private long _version;

    // The last one that was met; whoever finds another makes it anew.
    private OriginName? _origin;

    private Deduplication(TopicName topic, LogServices services) => (_topic, _services) = (topic, services);

    /// <summary>The position that the last snapshot reaches: the log is not trimmed behind it.</summary>
    public Position Stored
    {
        get
        {
            lock (_lock)
            {
                return _stored;
            }
        }
    }

    /// <summary>Where a topic's snapshot is.</summary>
    public static string KeyOf(TopicName topic) => $"dedup/{topic}";

    /// <summary>Reads how far the producers have come.</summary>
    public static async ValueTask<Deduplication> OpenAsync(TopicLog log, LogServices services, CancellationToken cancellation)
    {
        var known = new Deduplication(log.Name, services);
        await known.RestoreAsync(cancellation);
        var entries = new List<LogEntry>();
        var last = log.Last;
        while (known._reached < last)
        {
            entries.Clear();
            if (await log.ReadAsync(log.After(known._reached), ReplayEntries, ReplayBytes, entries, cancellation) == 0)
            {
                break;
            }

            foreach (var entry in entries)
            {
                known.Replay(entry);
            }
        }

        return known;
    }

    /// <summary>The number of the last message that a producer has published; -1 for none.</summary>
    public long LastOf(string producer) => _sequences.TryGetValue(producer, out var sequence) ? sequence.Persisted : -1;

    /// <summary>Whether an entry is new, and counts it when it is. For one producer of a name at a time.</summary>
    public SequenceVerdict Judge(string producer, PendingPublish publish)
    {
        // All chunks of a message have its number: the last one decides, and without it the others are no message.
        var isReadable = MessageCodec.TryReadHeader(publish.Data, out var header);
        if (isReadable && header.Source.IsKnown)
        {
            (publish.Origin, publish.OriginNumber) = (OriginOf(header), header.Source.Number);
            var origin = _sequences.GetOrAdd(publish.Origin, static _ => new ProducerSequence());
            if (publish.OriginNumber <= origin.Pushed)
            {
                return SequenceVerdict.Repeated;
            }

            origin.Pushed = publish.OriginNumber;
            return SequenceVerdict.New;
        }

        publish.IsPart = isReadable && header.Chunks > 0 && header.Chunk < header.Chunks - 1;
        if (publish.IsPart)
        {
            return SequenceVerdict.New;
        }

        var sequence = _sequences.GetOrAdd(producer, static _ => new ProducerSequence());
        if (publish.LastSequenceId <= sequence.Pushed)
        {
            return SequenceVerdict.Repeated;
        }

        if (publish.SequenceId <= sequence.Pushed)
        {
            return SequenceVerdict.Overlapping;
        }

        sequence.Pushed = publish.LastSequenceId;
        return SequenceVerdict.New;
    }

    /// <summary>An entry is durable; called in the order of the log.</summary>
    public void Persisted(string producer, PendingPublish publish, Position position)
    {
        if (!publish.IsPart)
        {
            var sequence = _sequences.GetOrAdd(publish.Origin ?? producer, static _ => new ProducerSequence());
            sequence.Persisted = publish.Origin is null ? publish.LastSequenceId : publish.OriginNumber;
            sequence.SeenAt = _services.Now;
        }

        Reach(position);
    }

    /// <summary>Stores how far the producers have come, where that is further than what is stored. Not for several at a time.</summary>
    /// <returns>Where that is.</returns>
    /// <exception cref="MetadataConflictException">The topic has another owner.</exception>
    public async ValueTask<Position> StoreAsync(CancellationToken cancellation)
    {
        // First the position: sequences that are ahead of it do no harm.
        Position reached;
        lock (_lock)
        {
            if (_reached == _stored)
            {
                return _stored;
            }

            reached = _reached;
        }

        var oldest = _services.Now - (long)Forgets.TotalMilliseconds;
        var snapshot = new DeduplicationSnapshot { Reached = reached };
        foreach (var (name, sequence) in _sequences)
        {
            // A cluster may be away for longer, and then repeats what it does not know to be here.
            if (sequence.SeenAt < oldest && !name.StartsWith(ReplicationCursor.Prefix, StringComparison.Ordinal) && sequence.Pushed == sequence.Persisted)
            {
                _sequences.TryRemove(name, out _);
            }
            else if (sequence.Persisted >= 0)
            {
                snapshot.Producers[name] = new DeduplicationEntry(sequence.Persisted, sequence.SeenAt);
            }
        }

        // An owner that was fenced must not set its successor's snapshot back: the log before that may be trimmed.
        var versions = await _services.Metadata.WriteAsync([new MetadataWrite(KeyOf(_topic), JsonSerializer.SerializeToUtf8Bytes(snapshot, DeduplicationJson.Default.DeduplicationSnapshot), _version)], cancellation);
        _version = versions[0];
        lock (_lock)
        {
            _stored = reached;
        }

        return reached;
    }

    private async ValueTask RestoreAsync(CancellationToken cancellation)
    {
        _reached = _stored = Position.Earliest;
        if (await _services.Metadata.GetAsync(KeyOf(_topic), cancellation) is not { } stored)
        {
            return;
        }

        _version = stored.Version;
        var snapshot = JsonSerializer.Deserialize(stored.Bytes.Span, DeduplicationJson.Default.DeduplicationSnapshot) ?? throw new JsonException($"The snapshot of {_topic}'s producers is null.");
        _reached = _stored = snapshot.Reached;
        foreach (var (name, entry) in snapshot.Producers)
        {
            _sequences[name] = new ProducerSequence { Pushed = entry.SequenceId, Persisted = entry.SequenceId, SeenAt = entry.SeenAt };
        }
    }

    private void Replay(LogEntry entry)
    {
        Reach(entry.Position);
        if (!MessageCodec.TryReadHeader(entry.Data, out var header) || (!header.Source.IsKnown && header.Chunks > 0 && header.Chunk < header.Chunks - 1))
        {
            return;
        }

        var isReplicated = header.Source.IsKnown;
        var sequence = _sequences.GetOrAdd(isReplicated ? OriginOf(header) : Encoding.UTF8.GetString(header.Producer.Span), static _ => new ProducerSequence());
        var last = isReplicated ? header.Source.Number : Math.Max(header.SequenceId, header.HighestSequenceId);
        if (last > sequence.Persisted)
        {
            sequence.Pushed = sequence.Persisted = last;
        }

        sequence.SeenAt = Math.Max(sequence.SeenAt, header.PublishedAt);
    }

    private string OriginOf(in MessageHeader header)
    {
        var origin = Volatile.Read(ref _origin);
        if (origin is null || !origin.IsThatOf(header))
        {
            origin = new OriginName(header);
            Volatile.Write(ref _origin, origin);
        }

        return origin.Value;
    }

    private void Reach(Position position)
    {
        lock (_lock)
        {
            _reached = position;
        }
    }
}
