namespace Virga.Triggers.Dispatching;

/// <summary>Messages that are handled one after the other.</summary>
/// <param name="key">By what they belong together.</param>
internal sealed class MessageLane(object key)
{
    /// <summary>By what they belong together.</summary>
    public object Key { get; } = key;

    /// <summary>Those that wait, in their order.</summary>
    public LinkedList<HeldMessage> Waiting { get; } = new();

    /// <summary>Bytes of those that wait.</summary>
    public long Bytes { get; private set; }

    /// <summary>What they wait for.</summary>
    public LaneState State { get; set; }

    /// <summary>Whether one that was with the function comes again: those behind it come again too.</summary>
    public bool HasFailed { get; set; }

    /// <summary>Puts a message behind the others.</summary>
    public void AddLast(HeldMessage message)
    {
        Waiting.AddLast(message);
        Bytes += message.Size;
    }

    /// <summary>Puts a message before the others.</summary>
    public void AddFirst(HeldMessage message)
    {
        Waiting.AddFirst(message);
        Bytes += message.Size;
    }

    /// <summary>Takes the first one.</summary>
    public HeldMessage TakeFirst()
    {
        var message = Waiting.First!.Value;
        Waiting.RemoveFirst();
        Bytes -= message.Size;
        return message;
    }

    /// <summary>Takes out those that are not wanted; gives how many and how many bytes they were.</summary>
    public (int Count, long Bytes) Drop(Predicate<HeldMessage> unwanted)
    {
        var (count, bytes) = (0, 0L);
        for (var node = Waiting.First; node is not null;)
        {
            var next = node.Next;
            if (unwanted(node.Value))
            {
                Waiting.Remove(node);
                (count, bytes) = (count + 1, bytes + node.Value.Size);
            }

            node = next;
        }

        Bytes -= bytes;
        return (count, bytes);
    }
}
