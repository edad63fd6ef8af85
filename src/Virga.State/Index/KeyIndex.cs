using Virga.Core.Names;
using Virga.State.Keys;

namespace Virga.State.Index;

/// <summary>
/// What a home node knows: which caches hold which of its keys. Soft state: a home that lost it, or parts of it, begins a new epoch with the caches concerned, and
/// these tell it again what they hold.
/// </summary>
internal sealed class KeyIndex
{
    private readonly Lock _lock = new();
    private readonly Dictionary<StateKey, Hold[]> _holders = [];
    private readonly Dictionary<NodeName, long> _epochs = [];
    private long _lastEpoch;

    /// <param name="firstEpoch">Where this run's epochs begin: another number than in any earlier run.</param>
    public KeyIndex(long firstEpoch) => _lastEpoch = firstEpoch;

    /// <summary>Keys that somebody holds.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _holders.Count;
            }
        }
    }

    /// <summary>A cache holds keys from now on.</summary>
    /// <param name="holder">The cache's node.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="number">Grows with every message of that cache, so that a drop which is overtaken by a later hold does not undo it.</param>
    /// <returns>The epoch of what is known about this cache: while it stays the same, nothing of it was forgotten.</returns>
    public long Add(NodeName holder, IReadOnlyList<StateKey> keys, long number)
    {
        lock (_lock)
        {
            foreach (var key in keys)
            {
                var holds = _holders.GetValueOrDefault(key, []);
                var at = Array.FindIndex(holds, hold => hold.Node == holder);
                if (at < 0)
                {
                    _holders[key] = [.. holds, new Hold(holder, number)];
                }
                else if (holds[at].Number < number)
                {
                    holds[at] = new Hold(holder, number);
                }
            }

            if (!_epochs.TryGetValue(holder, out var epoch))
            {
                _epochs[holder] = epoch = ++_lastEpoch;
            }

            return epoch;
        }
    }

    /// <summary>A cache no longer holds keys.</summary>
    public void Remove(NodeName holder, IReadOnlyList<StateKey> keys, long number)
    {
        lock (_lock)
        {
            foreach (var key in keys)
            {
                if (_holders.TryGetValue(key, out var holds))
                {
                    Keep(key, holds, Array.FindAll(holds, hold => hold.Node != holder || hold.Number > number));
                }
            }
        }
    }

    /// <summary>All that is known about a cache is void: it is gone, or did not get an update.</summary>
    public void Forget(NodeName holder)
    {
        lock (_lock)
        {
            _epochs.Remove(holder);
            foreach (var (key, holds) in _holders.ToArray())
            {
                if (Array.Exists(holds, hold => hold.Node == holder))
                {
                    Keep(key, holds, Array.FindAll(holds, hold => hold.Node != holder));
                }
            }
        }
    }

    /// <summary>Adds the nodes that hold a key to a list.</summary>
    public void HoldersOf(StateKey key, List<NodeName> into)
    {
        lock (_lock)
        {
            if (_holders.TryGetValue(key, out var holds))
            {
                foreach (var hold in holds)
                {
                    into.Add(hold.Node);
                }
            }
        }
    }

    private void Keep(StateKey key, Hold[] before, Hold[] after)
    {
        if (after.Length == 0)
        {
            _holders.Remove(key);
        }
        else if (after.Length != before.Length)
        {
            _holders[key] = after;
        }
    }

    private readonly record struct Hold(NodeName Node, long Number);
}
