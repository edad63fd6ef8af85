using System.Collections.Concurrent;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Placement;

/// <summary>What the choice of a node rests on besides who is alive: which nodes were busy lately, and chance. Used by many at once.</summary>
/// <param name="random">Decides which calls go anywhere.</param>
/// <param name="time">The clock.</param>
public sealed class PlacementRules(Random random, TimeProvider time)
{
    /// <summary>Above this part of its processors in use a node is avoided.</summary>
    public const double BusyAbove = 0.7;

    /// <summary>For how long a node is avoided after it was last seen to be busy: longer than loads take to be told, so that what was sent elsewhere does not come back at once.</summary>
    public static readonly TimeSpan Cooling = TimeSpan.FromSeconds(5);

    // Guards the generator; held for one draw.
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<NodeName, long> _busyAt = new();

    /// <summary>Whether a node is, or was lately, too busy.</summary>
    public bool IsAvoided(ClusterMember member)
    {
        if (member.Load > BusyAbove)
        {
            _busyAt[member.Name] = time.GetTimestamp();
            return true;
        }

        if (!_busyAt.TryGetValue(member.Name, out var at))
        {
            return false;
        }

        if (time.GetElapsedTime(at) < Cooling)
        {
            return true;
        }

        _busyAt.TryRemove(KeyValuePair.Create(member.Name, at));
        return false;
    }

    /// <summary>A number from 0 up to 1.</summary>
    public double Draw()
    {
        lock (_gate)
        {
            return random.NextDouble();
        }
    }
}
