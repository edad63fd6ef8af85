using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Streams.Lanes;

/// <summary>Turns messages that are done into what a cursor takes: whole entries, and bits of batches of which only some messages are. Batches come on one thread and are done with on another.</summary>
internal sealed class AckBook
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Position, long[]> _open = [];

    /// <summary>A batch has come, with those of its messages that are not acknowledged.</summary>
    /// <param name="position">Its entry.</param>
    /// <param name="messages">The messages that it delivered.</param>
    public void Deliver(Position position, IReadOnlyList<TopicMessage> messages)
    {
        var bits = new long[(messages[^1].Id.BatchIndex >> 6) + 1];
        foreach (var message in messages)
        {
            bits[message.Id.BatchIndex >> 6] |= 1L << message.Id.BatchIndex;
        }

        lock (_gate)
        {
            _open[position] = bits;
        }
    }

    /// <summary>Adds what acknowledges a message.</summary>
    public void Add(StreamMessage message, List<BatchAck> acks)
    {
        foreach (var chunk in message.Chunks)
        {
            acks.Add(new BatchAck(chunk));
        }

        lock (_gate)
        {
            Add(message.Position, message.BatchIndex, acks);
        }
    }

    private void Add(Position position, int index, List<BatchAck> acks)
    {
        if (index < 0 || !_open.TryGetValue(position, out var bits))
        {
            acks.Add(new BatchAck(position));
            return;
        }

        // What was handed over before must not change, so the bits are a new array each time; batches are seldom acknowledged message by message.
        bits = [.. bits];
        bits[index >> 6] &= ~(1L << index);
        var isLast = acks.Count > 0 && acks[^1].Position == position;
        if (isLast)
        {
            acks.RemoveAt(acks.Count - 1);
        }

        if (Array.TrueForAll(bits, static word => word == 0))
        {
            _open.Remove(position);
            acks.Add(new BatchAck(position));
        }
        else
        {
            _open[position] = bits;
            acks.Add(new BatchAck(position, bits));
        }
    }
}
