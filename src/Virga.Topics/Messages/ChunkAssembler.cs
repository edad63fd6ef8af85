using System.Runtime.InteropServices;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Messages;

/// <summary>
/// Puts the chunks of messages together, of several messages at a time, for one consumer. Bounded: when too many messages or bytes wait for their last chunk, the message that has waited longest is given up.
/// Not for several threads at a time.
/// </summary>
/// <param name="maxMessages">How many messages may be incomplete.</param>
/// <param name="maxBytes">How many bytes of chunks may wait in all; also the longest message that is put together.</param>
/// <param name="time">The clock for <see cref="QuietSince"/>; null where nobody asks.</param>
public sealed class ChunkAssembler(int maxMessages = ChunkAssembler.DefaultMessages, int maxBytes = MessageReader.MaxUncompressedSize, TimeProvider? time = null)
{
    /// <summary>How many messages may be incomplete where the caller does not say.</summary>
    public const int DefaultMessages = 16;

    // So many of the messages that were given up are remembered, so that their later chunks are not taken for such without a beginning.
    private const int RememberedOverflows = 1000;

    // In the order in which they began; few enough to be searched one by one.
    private readonly LinkedList<Incomplete> _incomplete = [];
    private readonly List<AbandonedChunk> _abandoned = [];
    private readonly HashSet<(TopicName Topic, string Id)> _overflowed = [];
    private readonly Queue<(TopicName Topic, string Id)> _overflows = new();
    private long _bytes;

    /// <summary>How many messages wait for further chunks.</summary>
    public int IncompleteMessages => _incomplete.Count;

    /// <summary>The timestamp at which a chunk came of the message that has got none for longest; null when no message is incomplete.</summary>
    public long? QuietSince
    {
        get
        {
            long? since = null;
            foreach (var message in _incomplete)
            {
                since = Math.Min(since ?? long.MaxValue, message.LastAt);
            }

            return since;
        }
    }

    /// <summary>Takes a chunk.</summary>
    /// <returns>The message when this was its last chunk; else null. A chunk that does not follow the one before it, such as one of a message that was given up, is given up itself.</returns>
    /// <exception cref="MalformedMessageException">The entry is no chunk, or the message that it completes cannot be read; its chunks are among <see cref="TakeAbandoned"/>.</exception>
    public ChunkedMessage? Add(TopicName topic, in DeliveredEntry entry)
    {
        var header = MessageReader.HeaderOf(entry);
        if (header.Chunks == 0)
        {
            throw new MalformedMessageException($"The entry {entry.Position} is no chunk of a message.");
        }

        var metadata = EntryMetadata.Read(entry.Data);
        var payload = entry.Data[header.PayloadOffset..];
        var begun = Find(topic, metadata.ChunkedMessage);
        if (header.Chunk == 0)
        {
            // The producer has sent the message anew, or it was delivered again: what came before will not be completed.
            Abandon(begun, ChunkLoss.Superseded);
            _overflowed.Remove((topic, metadata.ChunkedMessage));
            begun = metadata.ChunkedSize > 0 && metadata.ChunkedSize <= maxBytes ? Begin(topic, metadata.ChunkedMessage, metadata.ChunkedSize, header.Chunks) : null;
        }

        if (begun is null || begun.Value.Chunks.Count != header.Chunk || begun.Value.Count != header.Chunks || begun.Value.Bytes + payload.Length > begun.Value.Size)
        {
            var loss = begun is null && _overflowed.Contains((topic, metadata.ChunkedMessage)) ? ChunkLoss.Overflowed : ChunkLoss.Orphaned;
            _abandoned.Add(new AbandonedChunk(entry.Position, loss, header.PublishedAt));
            Abandon(begun, ChunkLoss.Orphaned);
            return null;
        }

        var message = begun.Value;
        message.Chunks.Add((entry.Position, payload));
        message.PublishedAt = header.PublishedAt;
        message.LastAt = time?.GetTimestamp() ?? 0;
        message.Bytes += payload.Length;
        _bytes += payload.Length;
        if (message.Chunks.Count < message.Count)
        {
            while (_bytes > maxBytes)
            {
                GiveUpOldest();
            }

            return null;
        }

        return Complete(begun, topic, entry, header, metadata);
    }

    /// <summary>Gives up the messages of which nothing has come since a timestamp.</summary>
    public void Expire(long before)
    {
        for (var node = _incomplete.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.LastAt <= before)
            {
                Abandon(node, ChunkLoss.Expired);
            }

            node = next;
        }
    }

    /// <summary>Takes the entries that belong to no message any more. Who consumes decides whether they are acknowledged or delivered again.</summary>
    public IReadOnlyList<AbandonedChunk> TakeAbandoned()
    {
        AbandonedChunk[] taken = [.. _abandoned];
        _abandoned.Clear();
        return taken;
    }

    private ChunkedMessage Complete(LinkedListNode<Incomplete> node, TopicName topic, in DeliveredEntry entry, in MessageHeader header, EntryMetadata metadata)
    {
        var message = node.Value;
        if (message.Bytes != message.Size)
        {
            Abandon(node, ChunkLoss.Damaged);
            throw new MalformedMessageException($"The chunks of the message that ends at {entry.Position} have {message.Bytes} bytes, not the {message.Size} that they say.");
        }

        var whole = new byte[message.Size];
        var at = 0;
        var positions = new Position[message.Chunks.Count];
        for (var i = 0; i < positions.Length; i++)
        {
            var (position, payload) = message.Chunks[i];
            payload.Span.CopyTo(whole.AsSpan(at));
            at += payload.Length;
            positions[i] = position;
        }

        // A chunk that is not compressed has its own length in its header, not the message's.
        var ofWhole = header.Compression == MessageCompression.None ? header with { UncompressedSize = message.Size } : header;
        ReadOnlyMemory<byte> expanded;
        try
        {
            expanded = MessageReader.Expand(ofWhole, whole);
        }
        catch (MalformedMessageException)
        {
            Abandon(node, ChunkLoss.Damaged);
            throw;
        }

        Remove(node);
        return new ChunkedMessage(MessageReader.Single(topic, entry.Position, entry.Redeliveries, ofWhole, metadata, expanded), positions);
    }

    private LinkedListNode<Incomplete>? Find(TopicName topic, string id)
    {
        for (var node = _incomplete.First; node is not null; node = node.Next)
        {
            if (node.Value.Topic == topic && string.Equals(node.Value.Id, id, StringComparison.Ordinal))
            {
                return node;
            }
        }

        return null;
    }

    private LinkedListNode<Incomplete> Begin(TopicName topic, string id, int size, int count)
    {
        if (_incomplete.Count >= maxMessages)
        {
            GiveUpOldest();
        }

        return _incomplete.AddLast(new Incomplete(topic, id, size, count));
    }

    private void GiveUpOldest()
    {
        var oldest = _incomplete.First!;
        var key = (oldest.Value.Topic, oldest.Value.Id);
        if (_overflowed.Add(key))
        {
            _overflows.Enqueue(key);
            if (_overflows.Count > RememberedOverflows)
            {
                _overflowed.Remove(_overflows.Dequeue());
            }
        }

        Abandon(oldest, ChunkLoss.Overflowed);
    }

    private void Abandon(LinkedListNode<Incomplete>? node, ChunkLoss loss)
    {
        if (node is null)
        {
            return;
        }

        foreach (ref readonly var chunk in CollectionsMarshal.AsSpan(node.Value.Chunks))
        {
            _abandoned.Add(new AbandonedChunk(chunk.Position, loss, node.Value.PublishedAt));
        }

        Remove(node);
    }

    private void Remove(LinkedListNode<Incomplete> node)
    {
        _bytes -= node.Value.Bytes;
        _incomplete.Remove(node);
    }

    private sealed class Incomplete(TopicName topic, string id, int size, int count)
    {
        public TopicName Topic { get; } = topic;

        public string Id { get; } = id;

        public int Size { get; } = size;

        public int Count { get; } = count;

        public int Bytes { get; set; }

        public long PublishedAt { get; set; }

        public long LastAt { get; set; }

        public List<(Position Position, ReadOnlyMemory<byte> Payload)> Chunks { get; } = [];
    }
}
