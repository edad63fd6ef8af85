using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// How often entries were delivered before. Where entries are tracked one by one, so are they here; where one consumer gets all, delivering again means going back, which concerns all entries up to
/// the last one delivered. Not durable: clients use it to find messages that cannot be processed, not to count.
/// </summary>
internal sealed class RedeliveryCounts
{
    // So many goings back are told apart; behind that the oldest ones are forgotten.
    private const int MaxReturns = 64;

    private readonly Dictionary<Position, int> _single = [];

    // Up to which entry each going back reaches, and how many reach as far, in their order.
    private readonly List<(Position Reach, int Count)> _returns = [];

    public bool IsEmpty => _single.Count == 0 && _returns.Count == 0;

    public int Of(Position position)
    {
        if (IsEmpty)
        {
            return 0;
        }

        _single.TryGetValue(position, out var count);
        for (var i = _returns.Count - 1; i >= 0 && _returns[i].Reach >= position; i--)
        {
            count += _returns[i].Count;
        }

        return count;
    }

    public void Add(Position position)
    {
        _single.TryGetValue(position, out var count);
        _single[position] = count + 1;
    }

    /// <summary>All up to an entry are delivered again.</summary>
    public void AddThrough(Position reach)
    {
        var index = 0;
        while (index < _returns.Count && _returns[index].Reach < reach)
        {
            index++;
        }

        if (index < _returns.Count && _returns[index].Reach == reach)
        {
            _returns[index] = (reach, _returns[index].Count + 1);
            return;
        }

        _returns.Insert(index, (reach, 1));
        if (_returns.Count > MaxReturns)
        {
            _returns.RemoveAt(0);
        }
    }

    /// <summary>An entry is acknowledged.</summary>
    public void Remove(Position position)
    {
        if (_single.Count > 0)
        {
            _single.Remove(position);
        }
    }

    /// <summary>All up to an entry are acknowledged.</summary>
    public void RemoveThrough(Position position)
    {
        while (_returns.Count > 0 && _returns[0].Reach <= position)
        {
            _returns.RemoveAt(0);
        }

        if (_single.Count == 0)
        {
            return;
        }

        foreach (var single in _single.Keys)
        {
            if (single <= position)
            {
                // Removing while enumerating is allowed for this collection.
                _single.Remove(single);
            }
        }
    }

    public void Clear()
    {
        _single.Clear();
        _returns.Clear();
    }
}
