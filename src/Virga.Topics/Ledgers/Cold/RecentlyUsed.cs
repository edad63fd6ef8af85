using System.Diagnostics.CodeAnalysis;

namespace Virga.Topics.Ledgers.Cold;

/// <summary>Values by key, up to a weight in all; those used least lately go first.</summary>
internal sealed class RecentlyUsed<TKey, TValue>(long maxWeight, Func<TValue, long> weightOf)
    where TKey : notnull
{
    // Guards the two, held for a look-up or an insertion.
    private readonly Lock _values = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _byKey = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _byUse = [];
    private long _weight;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_values)
        {
            if (!_byKey.TryGetValue(key, out var node))
            {
                value = default;
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    public void Add(TKey key, TValue value)
    {
        lock (_values)
        {
            Drop(key);
            _byKey[key] = _byUse.AddFirst((key, value));
            _weight += weightOf(value);
            while (_weight > maxWeight && _byUse.Count > 1)
            {
                Drop(_byUse.Last!.Value.Key);
            }
        }
    }

    public void Remove(TKey key)
    {
        lock (_values)
        {
            Drop(key);
        }
    }

    private void Drop(TKey key)
    {
        if (_byKey.Remove(key, out var node))
        {
            _byUse.Remove(node);
            _weight -= weightOf(node.Value.Value);
        }
    }
}
