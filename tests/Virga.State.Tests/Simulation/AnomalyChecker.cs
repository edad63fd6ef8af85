using Virga.State.Binary;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Tests.Simulation;

/// <summary>
/// Holds a history against what the levels of consistency promise. It keeps its own account of who knew what when a write was made, and does not believe the
/// dependencies that records carry.
/// </summary>
internal sealed class AnomalyChecker(SimulatedWorld world)
{
    private readonly Dictionary<(string Key, ReplicaId Replica, ulong Count), (Knowledge Past, long Amount)> _updates = [];
    private readonly Dictionary<(SimulatedNode Node, string Key), StateRecord> _lastShown = [];
    private readonly List<Acknowledged> _acknowledged = [];
    private readonly Dictionary<string, (long Sure, long Perhaps)> _counted = new(StringComparer.Ordinal);
    private int _locksHeld;
    private int _locksPerhaps;

    public List<string> Anomalies { get; } = [];

    public long Reads { get; private set; }

    public void Report(string anomaly) => Anomalies.Add($"{TimeSpan.FromTicks(world.Now).TotalMilliseconds:0.###} ms: {anomaly}");

    /// <summary>A read that shows the cache itself: it never shows less than before.</summary>
    public void Shown(SimulatedNode node, string key, StateRecord? record)
    {
        Reads++;
        world.Trace("shown", (ulong)node.Member.Incarnation, record?.Version.Upper ?? 0);
        if (!_lastShown.TryGetValue((node, key), out var last))
        {
            if (record is not null)
            {
                _lastShown[(node, key)] = record;
            }
        }
        else if (record is null || record.Merge(last).Version != record.Version)
        {
            Report($"monotonic: {node.Name} shows an older version of {key} than before.");
        }
        else
        {
            _lastShown[(node, key)] = record;
        }
    }

    /// <summary>A read of a causal key by somebody who knows something.</summary>
    public void Read(Knowledge knowledge, string key, StateRecord? record, string who)
    {
        var clock = CacheEntry.ClockOf(record);
        if (!clock.Includes(knowledge.Of(key)))
        {
            Report($"causality: {who} reads {key} at {clock} and knows of {knowledge.Of(key)}.");
        }

        world.Listener?.Invoke($"        {who} read {key} at {clock}");
        CheckContent(key, record, clock);
        Learn(knowledge, key, clock);
    }

    /// <summary>A write of a causal key by somebody who knows something.</summary>
    public void Wrote(Knowledge knowledge, string key, StateRecord record, ReplicaId replica, long amount, string who)
    {
        var clock = CacheEntry.ClockOf(record);
        if (!clock.Includes(knowledge.Of(key)))
        {
            Report($"causality: {who} writes {key} at {clock} and knows of {knowledge.Of(key)}.");
        }

        world.Listener?.Invoke($"        {who} wrote {key} as {replica}:{clock[replica]} at {clock}, knowing {knowledge}");
        _updates[(key, replica, clock[replica])] = (knowledge.Copy(), amount);
        CheckContent(key, record, clock);
        Learn(knowledge, key, clock);
    }

    /// <summary>A write was acknowledged: it is there for good.</summary>
    /// <param name="node">Where.</param>
    /// <param name="key">Which key.</param>
    /// <param name="record">What the key held then.</param>
    public void Acknowledge(SimulatedNode node, string key, StateRecord record)
    {
        world.Trace("acknowledged", (ulong)node.Member.Incarnation, record.Version.Upper);
        _acknowledged.Add(new Acknowledged(node, key, record, world.Now));
    }

    /// <summary>With interval durability a power cut takes what was acknowledged within the interval.</summary>
    public void Crashed(SimulatedNode node, TimeSpan interval)
    {
        foreach (var lost in _acknowledged.FindAll(write => ReferenceEquals(write.Node, node) && write.At >= world.Now - interval.Ticks))
        {
            _acknowledged.Remove(lost);
            if (lost.Amount != 0)
            {
                var (sure, perhaps) = _counted[lost.Key];
                _counted[lost.Key] = (sure - lost.Amount, perhaps + lost.Amount);
            }
        }
    }

    /// <summary>An increment: acknowledged, or perhaps carried out.</summary>
    public void Counted(SimulatedNode node, string key, long amount, StateRecord? acknowledged)
    {
        var (sure, perhaps) = _counted.GetValueOrDefault(key);
        _counted[key] = acknowledged is null ? (sure, perhaps + amount) : (sure + amount, perhaps);
        if (acknowledged is not null)
        {
            Acknowledge(node, key, acknowledged);
            _acknowledged[^1] = _acknowledged[^1] with { Amount = amount };
        }
    }

    /// <summary>Somebody wanted to be the first to write a key.</summary>
    public void Locked(bool held, bool perhaps)
    {
        _locksHeld += held ? 1 : 0;
        _locksPerhaps += perhaps ? 1 : 0;
        if (_locksHeld > 1)
        {
            Report("condition: two writes held that both needed the key to be absent.");
        }
    }

    /// <summary>The store has merged something: what that depends on is there as well.</summary>
    public void Stored(SimulatedStore store, StateKey key, StateRecord record)
    {
        foreach (var (dependency, least) in record.Causality?.Dependencies ?? Causality.NoDependencies)
        {
            if (!CacheEntry.ClockOf(store.Find(new StateKey(key.Scope, dependency))).Includes(least))
            {
                Report($"closure: the store has {key} without its dependency {dependency} at {least}.");
            }
        }
    }

    /// <summary>Whether all caches agree with the store; null when they do, else where they do not.</summary>
    public static string? Difference(SimulatedCluster cluster)
    {
        foreach (var (key, record) in cluster.Store.All)
        {
            foreach (var node in cluster.Alive)
            {
                if (node.Cache.TryRead(key, out var shown) && (shown is null || !RecordEncoding.ToBytes(shown).AsSpan().SequenceEqual(RecordEncoding.ToBytes(record))))
                {
                    return $"{node.Name} and the store differ about {key}";
                }
            }
        }

        return null;
    }

    /// <summary>All is quiet, and all that was acknowledged must be in the store.</summary>
    public void CheckEnd(SimulatedCluster cluster)
    {
        foreach (var (node, key, record, at, _) in _acknowledged)
        {
            var final = cluster.Store.Find(new StateKey(Virga.Core.Names.Scope.Default, key));
            if (final is null || final.Merge(record).Version != final.Version)
            {
                Report($"lost: what {node.Name} acknowledged of {key} at {TimeSpan.FromTicks(at).TotalMilliseconds:0.###} ms is not in the store.");
            }
        }

        foreach (var (key, (sure, perhaps)) in _counted)
        {
            var value = (cluster.Store.Find(new StateKey(Virga.Core.Names.Scope.Default, key))?.Value as CounterLattice)?.Value ?? 0;
            if (value < sure || value > sure + perhaps)
            {
                Report($"count: {key} is {value}; {sure} were acknowledged, and {perhaps} more may have been carried out.");
            }
        }

        foreach (var node in cluster.Alive)
        {
            if (node.Cache.Figures.BrokenDependencies > 0)
            {
                Report($"closure: {node.Name} did not find dependencies in the store.");
            }
        }
    }

    // A clock that includes an update comes with the update's effect.
    private void CheckContent(string key, StateRecord? record, VectorClock clock)
    {
        if (record?.Value is not CounterLattice counter)
        {
            return;
        }

        long sum = 0;
        foreach (var (replica, count) in clock.Entries)
        {
            for (ulong i = 1; i <= count; i++)
            {
                if (!_updates.TryGetValue((key, replica, i), out var update))
                {
                    return;
                }

                sum += update.Amount;
            }
        }

        if (sum != counter.Value)
        {
            Report($"content: {key} at {clock} is {counter.Value}; its updates add up to {sum}.");
        }
    }

    private void Learn(Knowledge knowledge, string key, VectorClock clock)
    {
        var known = knowledge.Of(key);
        knowledge.Add(key, clock);
        foreach (var (replica, count) in clock.Entries)
        {
            for (var i = known[replica] + 1; i <= count; i++)
            {
                if (_updates.TryGetValue((key, replica, i), out var update))
                {
                    knowledge.Add(update.Past);
                }
            }
        }
    }

    private sealed record Acknowledged(SimulatedNode Node, string Key, StateRecord Record, long At, long Amount = 0);
}
