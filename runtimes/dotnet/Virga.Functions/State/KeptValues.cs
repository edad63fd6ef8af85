namespace Virga.Functions;

/// <summary>
/// Large values that this instance has read, so that they cross the channel again only when they have changed: within a part of the function's
/// memory, the least recently used go first. Versions make them safe: the node says whether one still holds.
/// </summary>
internal sealed class KeptValues(long memory)
{
    /// <summary>Smaller values cross the channel sooner than they are looked up.</summary>
    public const int Smallest = 4 * 1024;

    /// <summary>The part of the function's memory that values may take.</summary>
    private const int Share = 4;

    private readonly long limit = memory / Share;
    private readonly Dictionary<string, LinkedListNode<KeptValue>> byKey = [];
    private readonly LinkedList<KeptValue> recent = [];

    // Calls of one instance run at the same time. Held for a few instructions.
    private readonly Lock gate = new();
    private long size;

    /// <summary>What is kept of a key, whether it still holds or not.</summary>
    public KeptValue? Find(string key)
    {
        lock (gate)
        {
            if (!byKey.TryGetValue(key, out LinkedListNode<KeptValue>? node))
            {
                return null;
            }

            recent.Remove(node);
            recent.AddFirst(node);
            return node.Value;
        }
    }

    /// <summary>Keeps a value if it is worth it, in the place of what was kept of its key.</summary>
    public void Keep(KeptValue value)
    {
        lock (gate)
        {
            Drop(value.Key);
            if (value.Size < Smallest)
            {
                return;
            }

            byKey[value.Key] = recent.AddFirst(value);
            size += value.Size;
            while (size > limit)
            {
                Drop(recent.Last!.Value.Key);
            }
        }
    }

    /// <summary>The key is gone.</summary>
    public void Forget(string key)
    {
        lock (gate)
        {
            Drop(key);
        }
    }

    private void Drop(string key)
    {
        if (byKey.Remove(key, out LinkedListNode<KeptValue>? node))
        {
            recent.Remove(node);
            size -= node.Value.Size;
        }
    }
}
